import {gcp} from '../pulumi.ts'
import type {ObserveInput} from './index.ts'

type Options = {provider: import('@pulumi/pulumi').ProviderResource}

/** The promise of ha.yaml as Google counts it: good answers among all, and fast ones among all, over 28 days. */
export function objectives({project, prefix, objectives: {availability}, limits}: ObserveInput, opts: Options) {
  const {CustomService, Slo} = gcp('monitoring')
  const service = new CustomService('service', {project, serviceId: prefix, displayName: prefix}, opts)
  const metric = (name: string) =>
    `metric.type="loadbalancing.googleapis.com/https/${name}" resource.type="https_lb_rule" resource.labels.url_map_name="${prefix}"`
  const common = {project, service: service.serviceId, rollingPeriodDays: 28}
  new Slo(
    'availability',
    {
      ...common,
      sloId: 'availability',
      displayName: 'Requests answered without a server error',
      goal: Math.min(availability, limits.highestSloGoal),
      requestBasedSli: {
        goodTotalRatio: {
          totalServiceFilter: metric('request_count'),
          badServiceFilter: `${metric('request_count')} metric.labels.response_code_class="500"`,
        },
      },
    },
    opts,
  )
  new Slo(
    'latency',
    {
      ...common,
      sloId: 'latency',
      displayName: `Requests answered within ${limits.latency.milliseconds} ms`,
      goal: limits.latency.goal,
      requestBasedSli: {
        distributionCut: {distributionFilter: metric('total_latencies'), range: {max: limits.latency.milliseconds}},
      },
    },
    opts,
  )
}
