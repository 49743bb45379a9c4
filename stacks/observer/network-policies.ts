import type {networking} from '@pulumi/kubernetes/types/input.js'
import {NOTHING, platform, tcp} from '../app/network-policies.ts'
import type {ObserverInput} from './index.ts'

/**
 * Read by one way only, the API server's proxy, which on GKE reaches pods through its agents in kube-system. They are told by their
 * namespace, since their labels are Google's to change. https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/
 */
const READERS = {namespaceSelector: {matchLabels: {'kubernetes.io/metadata.name': 'kube-system'}}}

export const networkPolicies = ({
  serviceRange,
  env,
}: Pick<ObserverInput, 'serviceRange' | 'env'>): {name: string; spec: networking.v1.NetworkPolicySpec}[] => [
  {name: 'deny-all', spec: NOTHING},
  {
    name: 'allow-readers',
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{from: [READERS], ports: [tcp(Number(env.PORT))]}],
    },
  },
  {name: 'allow-platform', spec: platform(serviceRange)},
]
