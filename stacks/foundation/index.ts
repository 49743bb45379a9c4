import {domainKey} from '../../src/topology/names.ts'
import type {ObserverTopology, Topology} from '../../src/topology/topology.ts'
import {migrationNamespace} from '../app/migration.ts'
import {labelsOf} from '../labels.ts'
import type {Stack} from '../stack.ts'

/** Google APIs the platform uses; enabled first, never disabled on destroy (other things in the project may use them). */
const SERVICES = [
  'artifactregistry',
  'certificatemanager',
  'cloudkms',
  'cloudresourcemanager',
  'cloudtrace',
  'compute',
  'container',
  'dns',
  'gkebackup',
  'gkehub',
  'iam',
  'iamcredentials',
  'logging',
  'monitoring',
  'networkservices',
  'pubsub',
  'secretmanager',
  'servicenetworking',
  'sqladmin',
  'storage',
]

export type FoundationInput = ReturnType<typeof foundationInput>

export function foundationInput(topology: Topology) {
  const {project, network, serviceRange, dnsZone, secrets, namespace, prefix, protect, imagesLocation} = topology
  return {
    project,
    network,
    serviceRange,
    dnsZone,
    secrets,
    prefix,
    protect,
    imagesLocation,
    labels: labelsOf(topology, 'foundation'),
    apis: SERVICES.map((api) => `${api}.googleapis.com`),
    nodeAccount: nodeAccountOf(topology),
    accounts: topology.services.map(({name, account}) => ({
      name,
      account,
      namespaces: [
        namespace,
        // The migration acts as the service it belongs to, from a namespace of its own.
        ...(topology.database?.config.migrate?.service === name ? [migrationNamespace(namespace)] : []),
      ],
    })),
    ...(topology.observer && {observer: ownAccount(topology.observer)}),
    ...(topology.metrics && {metrics: ownAccount(topology.metrics)}),
    usesDatabase: topology.database !== undefined,
    ...(topology.database?.gate && {gate: topology.database.gate}),
    /** Ports that Google's front ends and health checkers must reach on the nodes. */
    ports: [...new Set(topology.services.flatMap(({config}) => (config.type === 'http' ? [config.port!] : [])))],
    ...(topology.edge.domain !== undefined && {
      domain: topology.edge.domain,
      domainKey: domainKey(topology.edge.domain),
    }),
  }
}

const ownAccount = ({name, account, namespace}: Pick<ObserverTopology, 'name' | 'account' | 'namespace'>) => ({
  name,
  account,
  namespaces: [namespace],
})

export const nodeAccountOf = ({prefix}: Pick<Topology, 'prefix'>) => `${prefix.slice(0, 24).replace(/-+$/, '')}-nodes`

/** Global things everything else stands on: APIs, network, identities, secrets, addresses, certificates. */
export const foundation = (topology: Topology): Stack => ({
  kind: 'stack',
  name: 'foundation',
  needs: [],
  input: () => foundationInput(topology),
  program: async (input: FoundationInput) => (await import('./program.ts')).program(input),
})
