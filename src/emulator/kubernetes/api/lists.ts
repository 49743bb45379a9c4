/**
 * Which lists are merged item by item, and by which keys: `patchStrategy`, `patchMergeKey`, `listType` and `listMapKey` in the
 * comments of k8s.io/api's types. Any other list is replaced whole.
 */

export interface ListShape {
  /** For strategic merge patches; undefined: replaced. */
  readonly patchKey?: string
  /** For server-side apply; undefined: atomic. */
  readonly applyKeys?: readonly string[]
  /** What an omitted apply key means. */
  readonly keyDefaults?: Readonly<Record<string, string>>
  /** A set of scalars. */
  readonly set?: true
}

const by = (key: string): ListShape => ({patchKey: key, applyKeys: [key]})
const patchedBy = (patchKey: string): ListShape => ({patchKey})
const tcp = {protocol: 'TCP'}

const CONTAINER = {
  '': by('name'),
  '.env': by('name'),
  '.ports': {patchKey: 'containerPort', applyKeys: ['containerPort', 'protocol'], keyDefaults: tcp},
  '.volumeMounts': by('mountPath'),
  '.volumeDevices': by('devicePath'),
  '.resources.claims': by('name'),
}

const POD_SPEC = {
  ...prefixed('containers', CONTAINER),
  ...prefixed('initContainers', CONTAINER),
  ...prefixed('ephemeralContainers', CONTAINER),
  volumes: by('name'),
  imagePullSecrets: by('name'),
  hostAliases: by('ip'),
  resourceClaims: by('name'),
  schedulingGates: by('name'),
  topologySpreadConstraints: {patchKey: 'topologyKey', applyKeys: ['topologyKey', 'whenUnsatisfiable']},
}

const METADATA = {'metadata.ownerReferences': by('uid'), 'metadata.finalizers': {set: true}} as const
const TEMPLATE = {...prefixed('spec.template.spec.', POD_SPEC), ...prefixed('spec.template.', METADATA)}
const conditions = {'status.conditions': by('type')}

const SHAPES: Readonly<Record<string, Readonly<Record<string, ListShape>>>> = {
  pods: {
    ...prefixed('spec.', POD_SPEC),
    ...conditions,
    'status.podIPs': by('ip'),
    'status.hostIPs': patchedBy('ip'),
  },
  nodes: {...conditions, 'status.addresses': by('type'), 'spec.taints': patchedBy('key')},
  namespaces: conditions,
  services: {
    ...conditions,
    'spec.ports': {patchKey: 'port', applyKeys: ['port', 'protocol'], keyDefaults: tcp},
  },
  serviceaccounts: {secrets: by('name'), imagePullSecrets: patchedBy('name')},
  'apps/deployments': {...TEMPLATE, ...conditions},
  'apps/replicasets': {...TEMPLATE, ...conditions},
  'batch/jobs': {...TEMPLATE, 'status.conditions': patchedBy('type')},
  'autoscaling/horizontalpodautoscalers': conditions,
  'policy/poddisruptionbudgets': conditions,
}

function prefixed(prefix: string, shapes: Readonly<Record<string, ListShape>>): Record<string, ListShape> {
  return Object.fromEntries(Object.entries(shapes).map(([path, shape]) => [prefix + path, shape]))
}

/** `path` holds field names only, e.g. `['spec', 'containers', 'env']`. */
export function listShape(resource: string, path: readonly string[]): ListShape | undefined {
  const dotted = path.join('.')
  return SHAPES[resource]?.[dotted] ?? (METADATA as Readonly<Record<string, ListShape>>)[dotted]
}

/** Objects that are owned and replaced whole (`structType=atomic`, `mapType=atomic`), by the name of their field. */
const ATOMIC = new Set([
  'configMapKeyRef',
  'fieldRef',
  'labelSelector',
  'namespaceSelector',
  'nodeSelector',
  'podSelector',
  'resourceFieldRef',
  'roleRef',
  'scaleTargetRef',
  'secretKeyRef',
  'selector',
])

export const isAtomic = (path: readonly string[]): boolean => ATOMIC.has(path.at(-1) ?? '')
