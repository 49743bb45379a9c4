import {NAMESPACE_LABELS} from '../app/namespace.ts'
import {fromApiServer, NOTHING, platform} from '../app/network-policies.ts'
import {kubernetes, kubernetesProvider} from '../pulumi.ts'
import type {MetricsInput} from './index.ts'
import {PORT, podSpec} from './pod.ts'
import {rightsOf} from './rights.ts'

const GROUP = 'external.metrics.k8s.io'
const VERSION = 'v1beta1'

export function program(input: MetricsInput) {
  const {name, namespace} = input
  const provider = kubernetesProvider({kubeconfig: input.kubeconfig, clusterIdentifier: input.clusterIdentifier})
  const {Namespace, Service, ServiceAccount} = kubernetes('core', 'v1')
  const own = new Namespace('namespace', {metadata: {name: namespace, labels: NAMESPACE_LABELS}}, {provider})
  const inside = {provider, dependsOn: [own]}
  const {NetworkPolicy} = kubernetes('networking', 'v1')
  const policies = {
    'deny-all': NOTHING,
    'allow-api-server': fromApiServer(PORT),
    'allow-platform': platform(),
  }
  for (const [policy, spec] of Object.entries(policies)) {
    new NetworkPolicy(policy, {metadata: {name: policy, namespace}, spec}, inside)
  }
  const labels = {app: name}
  const account = new ServiceAccount(
    name,
    {metadata: {name, namespace, annotations: {'iam.gke.io/gcp-service-account': input.account}}},
    inside,
  )
  // Nothing waits for it to be ready: the app serves at its floor without it.
  const metadata = {name, namespace, labels, annotations: {'pulumi.com/skipAwait': 'true'}}
  const service = new Service(
    name,
    {metadata, spec: {type: 'ClusterIP', selector: labels, ports: [{name: 'https', port: 443, targetPort: 'https'}]}},
    inside,
  )
  const deployment = new (kubernetes('apps', 'v1').Deployment)(
    name,
    {
      metadata,
      spec: {
        replicas: 2,
        selector: {matchLabels: labels},
        template: {metadata: {labels}, spec: podSpec(input, labels)},
      },
    },
    {provider, dependsOn: [own, account, service, ...rightsOf(input, {provider})]},
  )
  ;new (kubernetes('apiregistration', 'v1').APIService)(
    'api',
    {
      metadata: {name: `${VERSION}.${GROUP}`},
      spec: {
        group: GROUP,
        version: VERSION,
        service: {name, namespace, port: 443},
        // The adapter makes its certificate anew with each start.
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    },
    // First to go: while an API is registered that nobody serves, no namespace of the cluster can be deleted.
    {provider, dependsOn: [deployment]},
  )
  return {}
}
