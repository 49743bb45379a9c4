import type {autoscaling} from '@pulumi/kubernetes/types/input.js'
import {queueVariable} from '../../src/topology/names.ts'
import type {ServiceTopology} from '../../src/topology/topology.ts'

/** CPU for services that answer requests, backlog for workers; the floor holds either way. */
export function autoscaler({name, config, env}: ServiceTopology): autoscaling.v2.HorizontalPodAutoscalerSpec {
  const {min, max, cpuPercent, backlog} = config.replicas
  const cpu = {
    type: 'Resource',
    resource: {name: 'cpu', target: {type: 'Utilization', averageUtilization: cpuPercent ?? 60}},
  }
  const backlogs = config.consumes.map((queue) => ({
    type: 'External',
    external: {
      metric: {
        name: 'pubsub.googleapis.com|subscription|num_undelivered_messages',
        selector: {matchLabels: {'resource.labels.subscription_id': subscriptionOf(env, queue)}},
      },
      target: {type: 'AverageValue', averageValue: String(backlog)},
    },
  }))
  return {
    scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name},
    minReplicas: min,
    maxReplicas: max,
    metrics: backlog === undefined ? [cpu] : backlogs,
    behavior: {scaleDown: {stabilizationWindowSeconds: 300}},
  }
}

function subscriptionOf(env: Readonly<Record<string, string>>, queue: string): string {
  const path = env[`${queueVariable(queue)}_SUBSCRIPTION`] ?? ''
  return path.slice(path.lastIndexOf('/') + 1)
}
