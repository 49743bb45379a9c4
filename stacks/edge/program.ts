import {gcp, googleProvider} from '../pulumi.ts'
import {securityPolicy} from './armor.ts'
import {backendService, regionPolicy} from './backends.ts'
import type {EdgeInput} from './index.ts'
import type {Options, Text} from './options.ts'

export function program(input: EdgeInput) {
  const opts = {provider: googleProvider(input.project, input.labels)}
  const policies = {security: securityPolicy(input, opts), regions: regionPolicy(input, opts)}
  const backends = new Map(
    input.services.map((service) => [service.name, backendService(input, service, policies, opts)]),
  )
  const urlMap = routes(input, backends, opts)
  return {urlMap: urlMap.id, ...frontEnd(input, urlMap.id, opts)}
}

/**
 * No retry policy: without one the load balancer itself tries GET requests once more, and never repeats what may have had an
 * effect; a policy here would apply to every method. Source: https://cloud.google.com/load-balancing/docs/https#request-retry
 */
function routes(input: EdgeInput, backends: ReadonlyMap<string, Text>, opts: Options) {
  const fallback = input.services.find(({paths}) => paths.includes('/')) ?? input.services[0]!
  const pathRules = input.services.flatMap(({name, paths}) => {
    const own = paths.filter((path) => path !== '/').flatMap((path) => [path, `${path.replace(/\/$/, '')}/*`])
    return own.length === 0 ? [] : [{paths: own, service: backends.get(name)!}]
  })
  const defaultService = backends.get(fallback.name)!
  return new (gcp('compute').URLMap)(
    'routes',
    {
      project: input.project,
      name: input.prefix,
      defaultService,
      ...(pathRules.length > 0 && {
        hostRules: [{hosts: ['*'], pathMatcher: 'services'}],
        pathMatchers: [{name: 'services', defaultService, pathRules}],
      }),
    },
    opts,
  )
}

/** HTTPS with a redirect from HTTP when there is a domain; plain HTTP when there is none. */
function frontEnd(input: EdgeInput, urlMap: Text, opts: Options) {
  const {project, prefix} = input
  const {TargetHttpProxy, TargetHttpsProxy, URLMap, SSLPolicy} = gcp('compute')
  if (input.certificateMap === undefined) {
    const proxy = new TargetHttpProxy('http', {project, name: prefix, urlMap}, opts)
    return {rules: forward(input, 'http', 80, proxy.id, opts)}
  }
  const ssl = new SSLPolicy('tls', {project, name: prefix, profile: 'MODERN', minTlsVersion: 'TLS_1_2'}, opts)
  const https = new TargetHttpsProxy(
    'https',
    {
      project,
      name: prefix,
      urlMap,
      certificateMap: `//certificatemanager.googleapis.com/${input.certificateMap}`,
      sslPolicy: ssl.id,
      quicOverride: 'ENABLE',
    },
    opts,
  )
  const redirect = new URLMap(
    'redirect',
    {
      project,
      name: `${prefix}-redirect`,
      defaultUrlRedirect: {httpsRedirect: true, redirectResponseCode: 'MOVED_PERMANENTLY_DEFAULT', stripQuery: false},
    },
    opts,
  )
  const http = new TargetHttpProxy('http', {project, name: `${prefix}-redirect`, urlMap: redirect.id}, opts)
  return {rules: [...forward(input, 'https', 443, https.id, opts), ...forward(input, 'http', 80, http.id, opts)]}
}

/** One rule for each kind of address; IPv6 ends here, pods are reached over IPv4. */
function forward(input: EdgeInput, name: string, port: number, target: Text, opts: Options): Text[] {
  const {project, prefix, addresses} = input
  const {GlobalForwardingRule} = gcp('compute')
  const rule = (key: string, address: string) =>
    new GlobalForwardingRule(
      key,
      {
        project,
        name: `${prefix}-${key}`,
        loadBalancingScheme: 'EXTERNAL_MANAGED',
        ipProtocol: 'TCP',
        ipAddress: `projects/${project}/global/addresses/${address}`,
        portRange: String(port),
        target,
      },
      opts,
    ).id
  return [rule(name, addresses.ipv4), rule(`${name}-ipv6`, addresses.ipv6)]
}
