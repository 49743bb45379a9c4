import {gcp, googleProvider} from '../pulumi.ts'
import type {EdgeInput} from './index.ts'

type Service = EdgeInput['services'][number]
type Options = {provider: ReturnType<typeof googleProvider>}
type Text = import('@pulumi/pulumi').Output<string>

export function program(input: EdgeInput) {
  const opts = {provider: googleProvider(input.project, input.labels)}
  const policy = securityPolicy(input, opts)
  const backends = new Map(
    input.services.map((service) => [service.name, backendService(input, service, policy, opts)]),
  )
  const urlMap = routes(input, backends, opts)
  return {urlMap: urlMap.id, ...frontEnd(input, urlMap.id, opts)}
}

function backendService(input: EdgeInput, service: Service, securityPolicy: Text | undefined, opts: Options): Text {
  const {project} = input
  const {HealthCheck, BackendService} = gcp('compute')
  const check = new HealthCheck(
    service.name,
    {
      project,
      name: service.backend,
      checkIntervalSec: 5,
      timeoutSec: 3,
      healthyThreshold: 1,
      unhealthyThreshold: 2,
      httpHealthCheck: {portSpecification: 'USE_SERVING_PORT', requestPath: service.health},
    },
    opts,
  )
  const backend = new BackendService(
    service.name,
    {
      project,
      name: service.backend,
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      protocol: 'HTTP',
      timeoutSec: 30,
      connectionDrainingTimeoutSec: Math.max(60, service.drainSeconds),
      localityLbPolicy: 'LEAST_REQUEST',
      healthChecks: check.id,
      outlierDetection: {
        consecutiveErrors: 5,
        interval: {seconds: 5},
        baseEjectionTime: {seconds: 30},
        maxEjectionPercent: 30,
      },
      logConfig: {enable: true, sampleRate: 0.1},
      ...(securityPolicy && {securityPolicy}),
      backends: service.groups.map(({group, capacityScaler}) => ({
        group,
        balancingMode: 'RATE',
        maxRatePerEndpoint: 100,
        capacityScaler,
      })),
    },
    opts,
  )
  return backend.id
}

/** Source of the rules: https://cloud.google.com/armor/docs/waf-rules and …/rate-limiting-overview */
function securityPolicy(input: EdgeInput, opts: Options): Text | undefined {
  const {rateLimitPerMinute, waf} = input.edge
  if (rateLimitPerMinute === undefined && !waf) return undefined
  const everyone = {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['*']}}
  const signatures = ['sqli-v33-stable', 'xss-v33-stable', 'lfi-v33-stable', 'rce-v33-stable']
  const policy = new (gcp('compute').SecurityPolicy)(
    'armor',
    {
      project: input.project,
      name: `${input.prefix}-edge`,
      type: 'CLOUD_ARMOR',
      rules: [
        ...(waf
          ? signatures.map((signature, index) => ({
              // In preview first: a false positive is a failed booking. Watch the logs, then enforce.
              action: 'deny(403)',
              preview: true,
              priority: 1000 + index,
              match: {expr: {expression: `evaluatePreconfiguredWaf('${signature}', {'sensitivity': 1})`}},
            }))
          : []),
        ...(rateLimitPerMinute === undefined
          ? []
          : [
              {
                action: 'throttle',
                priority: 2000,
                match: everyone,
                rateLimitOptions: {
                  conformAction: 'allow',
                  exceedAction: 'deny(429)',
                  enforceOnKey: 'IP',
                  rateLimitThreshold: {count: rateLimitPerMinute, intervalSec: 60},
                },
              },
            ]),
        {action: 'allow', priority: 2147483647, match: everyone},
      ],
    },
    opts,
  )
  return policy.selfLink
}

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
    return {rules: [forward(input, 'http', 80, proxy.id, opts)]}
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
  return {rules: [forward(input, 'https', 443, https.id, opts), forward(input, 'http', 80, http.id, opts)]}
}

function forward(input: EdgeInput, name: string, port: number, target: Text, opts: Options): Text {
  const rule = new (gcp('compute').GlobalForwardingRule)(
    name,
    {
      project: input.project,
      name: `${input.prefix}-${name}`,
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      ipProtocol: 'TCP',
      ipAddress: `projects/${input.project}/global/addresses/${input.addressName}`,
      portRange: String(port),
      target,
    },
    opts,
  )
  return rule.id
}
