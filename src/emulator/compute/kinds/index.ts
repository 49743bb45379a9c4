import {backendService} from './backend-service.ts'
import {globalAddress, globalForwardingRule} from './forwarding-rule.ts'
import {healthCheck} from './health-check.ts'
import type {Kind} from './kind.ts'
import {securityPolicy, sslPolicy} from './policies.ts'
import {targetHttpProxy, targetHttpsProxy} from './proxies.ts'
import {urlMap} from './url-map.ts'

/** Every global resource of the load balancer, each used only by later ones. */
export const KINDS: readonly Kind[] = [
  globalAddress,
  healthCheck,
  securityPolicy,
  sslPolicy,
  backendService,
  urlMap,
  targetHttpProxy,
  targetHttpsProxy,
  globalForwardingRule,
]
