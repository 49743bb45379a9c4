/** A program of the platform's own in each region, in a namespace of its own: who may reach it, who it is, where it is found. */
import type {networking} from '@pulumi/kubernetes/types/input.js'
import {NAMESPACE_LABELS} from './app/namespace.ts'
import {kubernetes, kubernetesProvider} from './pulumi.ts'

export interface OwnServiceInput {
  readonly name: string
  readonly namespace: string
  /** E-mail address of the Google service account it acts as. */
  readonly account: string
  readonly kubeconfig: string
  readonly clusterIdentifier: string
}

export interface NamedPolicy {
  readonly name: string
  readonly spec: networking.v1.NetworkPolicySpec
}

/** Everything but the pods, which its program describes. Nothing waits for them: apps serve without. */
export function ownService(
  {name, namespace, account, kubeconfig, clusterIdentifier}: OwnServiceInput,
  policies: readonly NamedPolicy[],
  port: {readonly name: string; readonly port: number},
) {
  const provider = kubernetesProvider({kubeconfig, clusterIdentifier})
  const {Namespace, Service, ServiceAccount} = kubernetes('core', 'v1')
  const own = new Namespace('namespace', {metadata: {name: namespace, labels: NAMESPACE_LABELS}}, {provider})
  const inside = {provider, dependsOn: [own]}
  const {NetworkPolicy} = kubernetes('networking', 'v1')
  for (const policy of policies) {
    new NetworkPolicy(policy.name, {metadata: {name: policy.name, namespace}, spec: policy.spec}, inside)
  }
  const labels = {app: name}
  const identity = new ServiceAccount(
    name,
    {metadata: {name, namespace, annotations: {'iam.gke.io/gcp-service-account': account}}},
    inside,
  )
  const metadata = {name, namespace, labels, annotations: {'pulumi.com/skipAwait': 'true'}}
  const service = new Service(
    name,
    {metadata, spec: {type: 'ClusterIP', selector: labels, ports: [{...port, targetPort: port.name}]}},
    inside,
  )
  return {provider, labels, metadata, before: [own, identity, service]}
}
