import {isSingleRegion} from '../../../src/topology/places.ts'
import type {Resource} from '../graph.ts'
import {of, type Rule, shown} from '../rule.ts'

/** What every region needs in the hour of a failover. */
const SHARED = [
  'Repository',
  'Secret',
  'ManagedZone',
  'CertificateMap',
  'GlobalAddress',
  'BackendService',
  'URLMap',
  'RolloutSequence',
]

/** Locations that name another region on purpose. */
const ELSEWHERE = ['BackupPlan']

const textOf = ({inputs}: Resource) => JSON.stringify(inputs)

export const independence: readonly Rule[] = [
  {
    says: 'Nothing of one region’s stacks refers to another region, but the observer, which looks at the others',
    violations: ({topology, resources}) =>
      resources
        .filter(({region, type}) => region !== undefined && !ELSEWHERE.includes(type.split(':').at(-1)!))
        .filter(({stack, type}) => !(stack.startsWith('observer-') && type.endsWith(':Deployment')))
        .flatMap((resource) =>
          topology.regions
            .filter(({name}) => name !== resource.region && textOf(resource).includes(name))
            .map(({name}) => `${shown(resource)} refers to ${name}`),
        ),
    plant: (copy) => {
      const [one, other] = of(copy, 'Subnetwork')
      one!.inputs.network = other!.inputs.name
      return true
    },
  },
  {
    says: 'What all regions share lies in no single region',
    violations: ({resources}) =>
      of(resources, ...SHARED)
        .filter(({inputs}) => typeof inputs.location === 'string' && isSingleRegion(inputs.location))
        .map(shown),
    plant: (copy) => {
      of(copy, 'Repository')[0]!.inputs.location = 'us-east1'
      return true
    },
  },
  {
    says: 'The edge and what watches it know regions by recorded links alone: they are made without asking any cluster',
    violations: ({resources}) =>
      resources
        .filter(({stack, type}) => ['edge', 'observe', 'fleet'].includes(stack) && !type.startsWith('gcp:'))
        .map(shown),
    plant: (copy) => {
      copy.push({...of(copy, 'Deployment')[0]!, stack: 'edge'})
      return true
    },
  },
  {
    says: 'Names carry their region or environment, so that no two resources of a type share one',
    violations: ({resources}) => {
      const names = resources.flatMap(({type, region, inputs}) =>
        type.startsWith('gcp:') && inputs.name !== undefined
          ? [
              `${type} ${inputs.location ?? inputs.region ?? ''} ${inputs.cluster ?? inputs.router ?? ''} ${inputs.name} ${inputs.type ?? ''}`,
            ]
          : type.startsWith('kubernetes:')
            ? [`${region} ${type} ${inputs.metadata.namespace ?? ''} ${inputs.metadata.name}`]
            : [],
      )
      return names.filter((name, i) => names.indexOf(name) !== i)
    },
    plant: (copy) => {
      copy.push(of(copy, 'Network')[0]!)
      return true
    },
  },
]
