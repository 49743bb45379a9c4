/** Every resource of the emulated API, one row each. */

export interface ResourceType {
  /** The store's key: `pods`, `apps/deployments`. */
  readonly key: string
  readonly group: string
  /** The version objects are stored in. */
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  /** Has a status subresource. */
  readonly status: boolean
  readonly scale: boolean
  /** metadata.generation counts changes of the spec. */
  readonly generation: boolean
  /** Subresources besides status and scale, with the kind they speak and their verbs. */
  readonly subresources: readonly Subresource[]
  /** Objects of this resource are kept under another key and converted on the way (events.k8s.io, autoscaling/v1). */
  readonly storedAs?: string
}

export interface Subresource {
  readonly name: string
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly string[]
}

type Extra = Partial<Omit<ResourceType, 'key' | 'group' | 'version' | 'kind' | 'plural'>>

const resource = (groupVersion: string, kind: string, plural: string, extra: Extra = {}): ResourceType => {
  const [version, group = ''] = groupVersion.split('/').reverse() as [string, string?]
  return {
    key: group ? `${group}/${plural}` : plural,
    group,
    version,
    kind,
    plural,
    shortNames: [],
    categories: [],
    namespaced: true,
    status: false,
    scale: false,
    generation: false,
    subresources: [],
    ...extra,
  }
}

const PROXY = ['create', 'delete', 'get', 'patch', 'update']
const POD_SUBRESOURCES: readonly Subresource[] = [
  {name: 'log', kind: 'Pod', verbs: ['get']},
  {name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create']},
  {name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get']},
  {name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get']},
  {name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['create', 'get']},
  {name: 'proxy', kind: 'PodProxyOptions', verbs: PROXY},
]
const all = {categories: ['all']}
const spec = {status: true, generation: true}
const cluster = {namespaced: false}

export const RESOURCES: readonly ResourceType[] = [
  resource('v1', 'Namespace', 'namespaces', {...cluster, shortNames: ['ns'], status: true}),
  resource('v1', 'Node', 'nodes', {...cluster, shortNames: ['no'], status: true}),
  resource('v1', 'Pod', 'pods', {...all, ...spec, shortNames: ['po'], subresources: POD_SUBRESOURCES}),
  resource('v1', 'Service', 'services', {
    ...all,
    shortNames: ['svc'],
    status: true,
    subresources: [{name: 'proxy', kind: 'ServiceProxyOptions', verbs: PROXY}],
  }),
  resource('v1', 'Endpoints', 'endpoints', {shortNames: ['ep']}),
  resource('v1', 'ConfigMap', 'configmaps', {shortNames: ['cm']}),
  resource('v1', 'Secret', 'secrets'),
  resource('v1', 'ServiceAccount', 'serviceaccounts', {shortNames: ['sa']}),
  resource('v1', 'Event', 'events', {shortNames: ['ev']}),
  resource('events.k8s.io/v1', 'Event', 'events', {shortNames: ['ev'], storedAs: 'events'}),
  resource('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  resource('apps/v1', 'Deployment', 'deployments', {...all, ...spec, scale: true, shortNames: ['deploy']}),
  resource('apps/v1', 'ReplicaSet', 'replicasets', {...all, ...spec, scale: true, shortNames: ['rs']}),
  resource('batch/v1', 'Job', 'jobs', {...all, ...spec}),
  resource('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', {
    ...all,
    status: true,
    shortNames: ['hpa'],
  }),
  resource('autoscaling/v1', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', {
    ...all,
    status: true,
    shortNames: ['hpa'],
    storedAs: 'autoscaling/horizontalpodautoscalers',
  }),
  resource('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {...spec, shortNames: ['pdb']}),
  resource('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', {generation: true, shortNames: ['netpol']}),
  resource('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', {...cluster, shortNames: ['pc']}),
  resource('rbac.authorization.k8s.io/v1', 'Role', 'roles'),
  resource('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
  resource('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', cluster),
  resource('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', cluster),
  resource('apiregistration.k8s.io/v1', 'APIService', 'apiservices', {...cluster, status: true}),
  resource('coordination.k8s.io/v1', 'Lease', 'leases'),
  resource('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', 'secretproviderclasses', {generation: true}),
  resource('secret-sync.gke.io/v1', 'SecretSync', 'secretsyncs', spec),
  resource('networking.gke.io/v1beta1', 'ServiceNetworkEndpointGroup', 'servicenetworkendpointgroups', {
    ...spec,
    shortNames: ['svcneg'],
  }),
]

/** The row that decides how objects under a store's key behave. */
export const resourceByKey = (key: string): ResourceType | undefined =>
  RESOURCES.find((row) => row.key === key && !row.storedAs)

/** The row of an API path. */
export const resourceAt = (group: string, version: string, plural: string): ResourceType | undefined =>
  RESOURCES.find((row) => row.group === group && row.version === version && row.plural === plural)

export const apiVersionOf = (row: ResourceType): string => (row.group ? `${row.group}/${row.version}` : row.version)

/** Where the row's objects are kept. */
export const storeKey = (row: ResourceType): string => row.storedAs ?? row.key
