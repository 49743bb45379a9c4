import {NAMESPACE_LABELS} from '../app/namespace.ts'
import {kubernetes, kubernetesProvider} from '../pulumi.ts'
import type {ObserverInput} from './index.ts'
import {networkPolicies} from './network-policies.ts'
import {podSpec} from './pod.ts'

export function program(input: ObserverInput) {
  const {name, namespace} = input
  const provider = kubernetesProvider({kubeconfig: input.kubeconfig, clusterIdentifier: input.clusterIdentifier})
  const {Namespace, Service, ServiceAccount} = kubernetes('core', 'v1')
  const own = new Namespace('namespace', {metadata: {name: namespace, labels: NAMESPACE_LABELS}}, {provider})
  const inside = {provider, dependsOn: [own]}
  const {NetworkPolicy} = kubernetes('networking', 'v1')
  for (const policy of networkPolicies(input)) {
    new NetworkPolicy(policy.name, {metadata: {name: policy.name, namespace}, spec: policy.spec}, inside)
  }
  const labels = {app: name}
  const account = new ServiceAccount(
    name,
    {metadata: {name, namespace, annotations: {'iam.gke.io/gcp-service-account': input.account}}},
    inside,
  )
  // Nothing waits for it to be ready: a platform serves without being observed, and `ha status` tells that it is not.
  const metadata = {name, namespace, labels, annotations: {'pulumi.com/skipAwait': 'true'}}
  const service = new Service(
    name,
    {metadata, spec: {type: 'ClusterIP', selector: labels, ports: [{name: 'http', port: 80, targetPort: 'http'}]}},
    inside,
  )
  ;new (kubernetes('apps', 'v1').Deployment)(
    name,
    {
      metadata,
      spec: {
        replicas: 1,
        selector: {matchLabels: labels},
        template: {metadata: {labels}, spec: podSpec(input)},
      },
    },
    {provider, dependsOn: [own, account, service]},
  )
  return {}
}
