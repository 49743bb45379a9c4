/** What Pub/Sub tells Cloud Monitoring of each subscription: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub */
import type {Gauge} from '../contract.ts'
import type {Broker} from './broker.ts'
import {figures, type SubscriptionFigures} from './views.ts'

export function gauges(broker: () => Broker): readonly Gauge[] {
  const gauge = (name: string, read: (figures: SubscriptionFigures) => number): Gauge => ({
    type: `pubsub.googleapis.com/subscription/${name}`,
    resource: 'pubsub_subscription',
    valueType: 'INT64',
    async sample(project) {
      const prefix = `projects/${project}/subscriptions/`
      const names = [...broker().subscriptions.keys()].filter((it) => it.startsWith(prefix))
      return names.map((it) => ({
        labels: {subscription_id: it.slice(prefix.length)},
        value: read(figures(broker(), it)),
      }))
    },
  })
  return [
    gauge('num_undelivered_messages', ({backlog}) => backlog),
    gauge('oldest_unacked_message_age', ({oldestUnackedSeconds}) => oldestUnackedSeconds),
  ]
}
