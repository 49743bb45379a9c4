/** The kinds the provider manages: where they lie in the API, what cannot be changed in place, what is waited for. */

export interface Kind {
  /** As Pulumi forms it: `kubernetes:apps/v1:Deployment`. */
  readonly token: string
  /** `v1`, `apps/v1` */
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** Besides name and namespace. */
  readonly immutable: readonly string[]
  /** Ready means more than existing. */
  readonly awaited?: 'deployment' | 'job' | 'service'
}

interface Extra {
  readonly namespaced?: boolean
  readonly immutable?: readonly string[]
  readonly awaited?: NonNullable<Kind['awaited']>
}

const kind = (apiVersion: string, name: string, plural: string, extra: Extra = {}): Kind => ({
  token: `kubernetes:${apiVersion === 'v1' ? 'core/v1' : apiVersion}:${name}`,
  apiVersion,
  kind: name,
  plural,
  namespaced: true,
  immutable: [],
  ...extra,
})

/**
 * Immutable fields as the real provider has them, which replaces ConfigMaps and Secrets whose data change unless told otherwise.
 * Source: https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go (forceNewProperties)
 */
const ALL: readonly Kind[] = [
  kind('v1', 'Namespace', 'namespaces', {namespaced: false}),
  kind('v1', 'ServiceAccount', 'serviceaccounts'),
  kind('v1', 'ConfigMap', 'configmaps', {immutable: ['data', 'binaryData']}),
  kind('v1', 'Secret', 'secrets', {immutable: ['type', 'data', 'stringData']}),
  kind('v1', 'Service', 'services', {immutable: ['spec.clusterIP', 'spec.type'], awaited: 'service'}),
  kind('apps/v1', 'Deployment', 'deployments', {immutable: ['spec.selector'], awaited: 'deployment'}),
  kind('batch/v1', 'Job', 'jobs', {
    immutable: ['spec.completions', 'spec.completionMode', 'spec.parallelism', 'spec.selector', 'spec.template'],
    awaited: 'job',
  }),
  kind('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  kind('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', {
    namespaced: false,
    immutable: ['value', 'preemptionPolicy'],
  }),
  kind('rbac.authorization.k8s.io/v1', 'Role', 'roles'),
  kind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', {immutable: ['roleRef']}),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', {namespaced: false}),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', {
    namespaced: false,
    immutable: ['roleRef'],
  }),
  kind('apiregistration.k8s.io/v1', 'APIService', 'apiservices', {namespaced: false}),
  kind('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', 'secretproviderclasses'),
  kind('secret-sync.gke.io/v1', 'SecretSync', 'secretsyncs'),
]

export const KINDS: ReadonlyMap<string, Kind> = new Map(ALL.map((each) => [each.token, each]))
