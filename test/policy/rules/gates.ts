import type {Inputs, Resource} from '../graph.ts'
import {each, of, type Rule} from '../rule.ts'

const MULTI_REGIONS = ['US', 'EU', 'ASIA']
const inApp = ({stack}: Resource) => stack.startsWith('app-')
const sidecarsOf = (inputs: Inputs): Inputs[] => inputs.spec.template.spec.initContainers ?? []
const isGates = ({name}: Resource) => name === 'gate'

/** Where the gate speaks to the proxy, and where the proxy listens for it. */
function meeting(inputs: Inputs): readonly [string | undefined, string | undefined] {
  const [proxy, gate] = sidecarsOf(inputs)
  const upstream = gate?.env?.find(({name}: Inputs) => name === 'HA_GATE_UPSTREAM')?.value
  return [upstream?.split(':')[1], /^db\..*\?port=(\d+)$/m.exec((proxy?.args ?? []).join('\n'))?.[1]]
}

export const gates: readonly Rule[] = [
  each(
    'Before the primary’s Auth Proxy stands a gate, started after it and nearer to the app',
    ['Deployment'],
    (inputs) => {
      const names = sidecarsOf(inputs).map(({name}) => name)
      const [asked, listening] = meeting(inputs)
      if (names.join() !== 'cloud-sql-proxy,ha-gate') return `sidecars ${names.join() || 'none'}`
      return asked !== listening && `the gate asks at ${asked}, the proxy listens at ${listening}`
    },
    (inputs) => {
      inputs.spec.template.spec.initContainers.reverse()
    },
    inApp,
  ),
  each(
    'What the gates go by outlives any one region and is closed to the public',
    ['Bucket'],
    ({location, publicAccessPrevention, uniformBucketLevelAccess}) => {
      if (!MULTI_REGIONS.includes(location)) return `in ${location}`
      return (publicAccessPrevention !== 'enforced' || uniformBucketLevelAccess !== true) && 'open'
    },
    (inputs) => {
      inputs.location = 'US-EAST1'
    },
    isGates,
  ),
  {
    says: 'Every service may read what the gates go by, and none may write it',
    violations: ({resources, topology}) => {
      const grants = of(resources, 'BucketIAMMember').map(({inputs}) => inputs)
      const strong = grants.filter(({role}) => role !== 'roles/storage.objectViewer').map(({member}) => String(member))
      const missing = topology.services.filter(
        ({account}) => !grants.some(({member}) => String(member).startsWith(`serviceAccount:${account}@`)),
      )
      return topology.database?.gate ? [...strong, ...missing.map(({name}) => name)] : []
    },
    plant: (copy) => {
      const [grant] = of(copy, 'BucketIAMMember')
      if (!grant) return false
      grant.inputs.role = 'roles/storage.objectAdmin'
      return true
    },
  },
]
