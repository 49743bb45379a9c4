import type {networking} from '@pulumi/kubernetes/types/input.js'
import {fromApiServer, NOTHING, platform} from '../app/network-policies.ts'
import type {ObserverInput} from './index.ts'

/** Read by one way only, the API server's proxy. */
export const networkPolicies = ({
  serviceRange,
  env,
}: Pick<ObserverInput, 'serviceRange' | 'env'>): {name: string; spec: networking.v1.NetworkPolicySpec}[] => [
  {name: 'deny-all', spec: NOTHING},
  {name: 'allow-readers', spec: fromApiServer(Number(env.PORT))},
  {name: 'allow-platform', spec: platform(serviceRange)},
]
