import {kubernetes} from '../pulumi.ts'
import type {MetricsInput} from './index.ts'

type Options = import('@pulumi/pulumi').CustomResourceOptions

const API_GROUP = 'rbac.authorization.k8s.io'
const account = (name: string, namespace: string) => ({kind: 'ServiceAccount', name, namespace})
const role = (kind: 'ClusterRole' | 'Role', name: string) => ({apiGroup: API_GROUP, kind, name})

/**
 * The adapter asks the API server who is calling and whether they may; the autoscaler may ask the adapter. The adapter reads
 * nothing of the cluster: what it knows is Cloud Monitoring's.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/setup-extension-api-server/
 */
export function rightsOf({name, namespace}: MetricsInput, opts: Options) {
  const {ClusterRole, ClusterRoleBinding, RoleBinding} = kubernetes('rbac', 'v1')
  const adapter = [account(name, namespace)]
  const own = (suffix: string) => ({metadata: {name: `${namespace}-${suffix}`}})
  const reader = new ClusterRole(
    'reader',
    {
      ...own('reader'),
      rules: [{apiGroups: ['external.metrics.k8s.io'], resources: ['*'], verbs: ['get', 'list', 'watch']}],
    },
    opts,
  )
  return [
    new ClusterRoleBinding(
      'delegator',
      {...own('delegator'), roleRef: role('ClusterRole', 'system:auth-delegator'), subjects: adapter},
      opts,
    ),
    new RoleBinding(
      'callers',
      {
        // The namespace of the Role, which is Kubernetes' own.
        metadata: {name: `${namespace}-callers`, namespace: 'kube-system'},
        roleRef: role('Role', 'extension-apiserver-authentication-reader'),
        subjects: adapter,
      },
      opts,
    ),
    reader,
    new ClusterRoleBinding(
      'autoscaler',
      {
        ...own('autoscaler'),
        roleRef: role('ClusterRole', `${namespace}-reader`),
        subjects: [account('horizontal-pod-autoscaler', 'kube-system')],
      },
      {...opts, dependsOn: [reader]},
    ),
  ]
}
