import {gcp, pulumi} from '../pulumi.ts'
import type {EdgeInput} from './index.ts'
import type {Options, Text} from './options.ts'

type Service = EdgeInput['services'][number]

export interface Policies {
  readonly security: Text | undefined
  readonly regions: Text
}

/**
 * Nearest region first; a zone most of whose pods are ill gets less, one without healthy pods nothing, but never does more
 * than half of everything count as drained. Source: https://cloud.google.com/load-balancing/docs/service-lb-policy
 */
export function regionPolicy({project, prefix, serving}: EdgeInput, opts: Options): Text {
  const policy = new (gcp('networkservices').ServiceLbPolicies)(
    'regions',
    {
      project,
      name: prefix,
      location: 'global',
      loadBalancingAlgorithm: 'WATERFALL_BY_REGION',
      autoCapacityDrain: {enable: true},
      failoverConfig: {failoverHealthThreshold: serving.failoverThreshold},
    },
    opts,
  )
  return pulumi.interpolate`//networkservices.googleapis.com/${policy.id}`
}

export function backendService(input: EdgeInput, service: Service, policies: Policies, opts: Options): Text {
  const {project, serving, sampling} = input
  const {HealthCheck, BackendService} = gcp('compute')
  const check = new HealthCheck(
    service.name,
    {
      project,
      name: service.backend,
      checkIntervalSec: serving.check.intervalSeconds,
      timeoutSec: serving.check.timeoutSeconds,
      healthyThreshold: serving.check.healthy,
      unhealthyThreshold: serving.check.unhealthy,
      httpHealthCheck: {portSpecification: 'USE_SERVING_PORT', requestPath: service.health},
      logConfig: {enable: true},
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
      timeoutSec: service.requestSeconds,
      connectionDrainingTimeoutSec: service.drainSeconds,
      localityLbPolicy: 'LEAST_REQUEST',
      healthChecks: check.id,
      outlierDetection: {
        consecutiveErrors: serving.outliers.errors,
        interval: {seconds: serving.outliers.intervalSeconds},
        baseEjectionTime: {seconds: serving.outliers.ejectionSeconds},
        maxEjectionPercent: serving.outliers.maxEjectionPercent,
      },
      logConfig: {enable: true, sampleRate: sampling},
      serviceLbPolicy: policies.regions,
      ...(policies.security && {securityPolicy: policies.security}),
      backends: service.groups.map(({group, capacityScaler}) => ({
        group,
        balancingMode: 'RATE',
        maxRatePerEndpoint: serving.ratePerEndpoint,
        capacityScaler,
      })),
    },
    opts,
  )
  return backend.id
}
