import type {ObserveInput} from '../index.ts'
import type {Alert} from './alert.ts'

/** Room to grow into, and clusters that cannot place pods: what stands in the way when one region must carry all. */
export function platformAlerts(input: ObserveInput): Alert[] {
  const {namespace, limits} = input
  const share = (name: string) => `max by (quota_metric, location) (serviceruntime_googleapis_com:quota_${name})`
  return [
    ...input.regions.map((region) => regionOut(input, region)),
    {
      name: 'quota',
      title: `a quota is used to more than ${limits.quotaShare * 100} %`,
      query: `${share('allocation_usage')} / ${share('limit')} > ${limits.quotaShare}`,
      durationSeconds: 600,
      severity: 'WARNING',
      advice:
        'The regions that are left must be able to carry the load of a lost one: ask for more before it is needed.',
    },
    {
      name: 'pods-pending',
      title: 'pods find no node',
      query: `sum by (cluster) (kube_pod_status_phase{namespace="${namespace}",phase="Pending"}) > 0`,
      durationSeconds: 600,
      severity: 'ERROR',
      advice:
        'The node pool is at its maximum or the zone is out of machines: look at the cluster’s autoscaler events.',
    },
    {
      name: 'autoscaler-at-maximum',
      title: 'a service runs at its maximum of replicas',
      query: `max by (cluster, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas{namespace="${namespace}"} / kube_horizontalpodautoscaler_spec_max_replicas{namespace="${namespace}"}) >= 1`,
      durationSeconds: 900,
      severity: 'WARNING',
      advice: 'There is no room left in this region: raise replicas.max in ha.yaml.',
    },
  ]
}

/** Behind one address for all regions nobody outside misses one that is gone: its cluster is asked, and missed when it is silent. */
function regionOut({namespace}: ObserveInput, {name, cluster}: ObserveInput['regions'][number]): Alert {
  const available = `kube_deployment_status_replicas_available{cluster="${cluster}",namespace="${namespace}"}`
  return {
    name: `region-out-${name}`,
    title: `nothing of the app is available in ${name}`,
    query: `(sum(${available}) < 1) or absent(${available})`,
    durationSeconds: 300,
    severity: 'CRITICAL',
    advice: `The other regions serve. Run \`ha status\`; if ${name} does not come back, \`ha failover --region ${name}\` leaves it.`,
  }
}
