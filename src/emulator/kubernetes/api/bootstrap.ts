/** What every cluster has from its first second. */
import type {KubeObject} from './objects.ts'
import type {ObjectStore} from './store.ts'

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const SYSTEM_PRIORITIES = {'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000}

/** Creates what is missing, and a service account in every namespace, now and later. Returns the way to stop. */
export function bootstrap(store: ObjectStore): () => void {
  const ensure = (resource: string, object: KubeObject) => {
    const {namespace, name} = object.metadata
    if (!store.get(resource, namespace, name)) store.create(resource, object)
  }
  for (const name of NAMESPACES) {
    const labels = {'kubernetes.io/metadata.name': name}
    const spec = {finalizers: ['kubernetes']}
    ensure('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {name, labels},
      spec,
      status: {phase: 'Active'},
    })
  }
  for (const [name, value] of Object.entries(SYSTEM_PRIORITIES)) {
    const apiVersion = 'scheduling.k8s.io/v1'
    const preemptionPolicy = 'PreemptLowerPriority'
    ensure('scheduling.k8s.io/priorityclasses', {
      apiVersion,
      kind: 'PriorityClass',
      metadata: {name},
      value,
      preemptionPolicy,
    })
  }
  const account = ({metadata}: KubeObject) => {
    if (metadata.deletionTimestamp) return
    ensure('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {name: 'default', namespace: metadata.name},
    })
  }
  store.list('namespaces').forEach(account)
  return store.watch('namespaces', ({type, object}) => {
    if (type === 'ADDED') account(object)
  })
}
