import type {Props} from '../../contract.ts'
import {invalid, lastSegment, relativeName} from '../google.ts'
import {BACKEND_SERVICE, CAPACITY_SCALER} from '../limits.ts'
import {type Directory, type Kind, listOf, propsOf, requireRange, stringsOf, without} from './kind.ts'

const HTTP_PROTOCOLS = ['HTTP', 'HTTPS', 'HTTP2', 'H2C', 'GRPC']

/** https://cloud.google.com/compute/docs/reference/rest/v1/backendServices */
export const backendService: Kind = {
  token: 'gcp:compute/backendService:BackendService',
  collection: 'backendServices',
  restKind: 'compute#backendService',
  noun: 'backend_service',
  enums: {
    loadBalancingScheme: ['EXTERNAL', 'INTERNAL_SELF_MANAGED', 'INTERNAL_MANAGED', 'EXTERNAL_MANAGED'],
    protocol: ['HTTP', 'HTTPS', 'HTTP2', 'TCP', 'SSL', 'UDP', 'GRPC', 'UNSPECIFIED', 'H2C'],
    localityLbPolicy: [
      'ROUND_ROBIN',
      'LEAST_REQUEST',
      'RING_HASH',
      'RANDOM',
      'ORIGINAL_DESTINATION',
      'MAGLEV',
      'WEIGHTED_MAGLEV',
      'WEIGHTED_ROUND_ROBIN',
    ],
    sessionAffinity: [
      'NONE',
      'CLIENT_IP',
      'CLIENT_IP_PORT_PROTO',
      'CLIENT_IP_PROTO',
      'GENERATED_COOKIE',
      'HEADER_FIELD',
      'HTTP_COOKIE',
      'STRONG_COOKIE_AFFINITY',
    ],
    compressionMode: ['AUTOMATIC', 'DISABLED'],
    'backends[].balancingMode': ['UTILIZATION', 'RATE', 'CONNECTION', 'CUSTOM_METRICS'],
    'backends[].preference': ['PREFERRED', 'DEFAULT'],
  },
  defaults: {
    connectionDrainingTimeoutSec: BACKEND_SERVICE.drainingSec.providerDefault,
    loadBalancingScheme: 'EXTERNAL',
    protocol: 'HTTP',
    portName: 'http',
    sessionAffinity: 'NONE',
    timeoutSec: BACKEND_SERVICE.timeoutSec.default,
    enableCdn: false,
  },
  numberIn: 'generatedId',
  fingerprinted: true,
  guarded: true,
  references: {
    group: 'networkEndpointGroups',
    healthChecks: 'healthChecks',
    securityPolicy: 'securityPolicies',
    edgeSecurityPolicy: 'securityPolicies',
  },
  toWire: (record) => ({
    ...without(record, ['connectionDrainingTimeoutSec', 'healthChecks', 'enableCdn']),
    ...(record.healthChecks === undefined ? {} : {healthChecks: [record.healthChecks]}),
    ...(record.connectionDrainingTimeoutSec === undefined
      ? {}
      : {connectionDraining: {drainingTimeoutSec: record.connectionDrainingTimeoutSec}}),
    ...(record.enableCdn === undefined ? {} : {enableCDN: record.enableCdn}),
  }),
  fromWire: (wire) => ({
    ...without(wire, ['connectionDraining', 'healthChecks', 'enableCDN', 'port']),
    healthChecks: stringsOf(wire.healthChecks)[0],
    connectionDrainingTimeoutSec: propsOf(wire.connectionDraining).drainingTimeoutSec,
    enableCdn: wire.enableCDN,
  }),
  view: (wire) => ({
    ...wire,
    port: 80,
    backends: listOf(wire.backends).map((backend) => ({
      balancingMode: 'UTILIZATION',
      capacityScaler: 1,
      ...backend,
    })),
  }),
  validate: (wire, directory, project) => {
    requireRange('timeoutSec', wire.timeoutSec, BACKEND_SERVICE.timeoutSec)
    const draining = propsOf(wire.connectionDraining).drainingTimeoutSec
    requireRange('connectionDraining.drainingTimeoutSec', draining, BACKEND_SERVICE.drainingSec)
    requireHttp(wire)
    requireOutlierDetection(wire)
    requireBackends(wire, directory, project)
  },
}

function requireHttp(wire: Props): void {
  const protocol = String(wire.protocol)
  if (wire.loadBalancingScheme !== 'EXTERNAL_MANAGED' || HTTP_PROTOCOLS.includes(protocol)) return
  if (protocol === 'TCP' || protocol === 'SSL') return
  throw invalid('protocol', protocol, `Protocol is not supported with load balancing scheme EXTERNAL_MANAGED.`)
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/backendServices (outlierDetection) */
function requireOutlierDetection(wire: Props): void {
  if (wire.outlierDetection === undefined) return
  if (wire.loadBalancingScheme === 'EXTERNAL') {
    throw invalid('outlierDetection', '', 'Outlier detection needs load balancing scheme EXTERNAL_MANAGED.')
  }
  const settings = propsOf(wire.outlierDetection)
  for (const field of ['maxEjectionPercent', 'enforcingConsecutiveErrors', 'enforcingConsecutiveGatewayFailure']) {
    requireRange(`outlierDetection.${field}`, settings[field], {min: 0, max: 100})
  }
  requireRange('outlierDetection.consecutiveErrors', settings.consecutiveErrors, {min: 1, max: 2_147_483_647})
}

function requireBackends(wire: Props, directory: Directory, project: string): void {
  const backends = listOf(wire.backends)
  if (backends.length > BACKEND_SERVICE.backends) {
    throw invalid('backends', backends.length, `At most ${BACKEND_SERVICE.backends} backends are allowed.`)
  }
  const groups = new Set<string>()
  for (const [index, backend] of backends.entries()) {
    const group = relativeName(String(backend.group), project, 'networkEndpointGroups')
    if (groups.has(group))
      throw invalid(`backends[${index}].group`, backend.group, 'Duplicate instance groups or NEGs in backend service.')
    groups.add(group)
    requireCapacity(`backends[${index}]`, backend, wire, directory.record(group) !== undefined)
  }
  requireServing(backends, wire)
}

/** https://cloud.google.com/load-balancing/docs/backend-service#balancing-mode-combos */
function requireCapacity(field: string, backend: Props, wire: Props, isNeg: boolean): void {
  const mode = String(backend.balancingMode)
  const has = (...names: readonly string[]) => names.some((name) => Number(backend[name]) > 0)
  if (isNeg && mode === 'UTILIZATION') {
    throw invalid(
      `${field}.balancingMode`,
      mode,
      'Network endpoint groups take balancing mode RATE for HTTP protocols.',
    )
  }
  if (mode === 'CONNECTION' && HTTP_PROTOCOLS.includes(String(wire.protocol))) {
    throw invalid(`${field}.balancingMode`, mode, 'CONNECTION balancing mode is not supported for HTTP protocols.')
  }
  if (mode === 'RATE' && !has('maxRate', 'maxRatePerInstance', 'maxRatePerEndpoint')) {
    throw invalid(
      `${field}.maxRate`,
      '0',
      'RATE balancing mode needs maxRate, maxRatePerInstance or maxRatePerEndpoint.',
    )
  }
  if (isNeg && has('maxRatePerInstance')) {
    throw invalid(
      `${field}.maxRatePerInstance`,
      backend.maxRatePerInstance,
      'Not for network endpoint groups: use maxRatePerEndpoint.',
    )
  }
  const scaler = Number(backend.capacityScaler)
  if (scaler === 0 || (scaler >= CAPACITY_SCALER.smallest && scaler <= CAPACITY_SCALER.largest)) return
  throw invalid(`${field}.capacityScaler`, backend.capacityScaler, 'Valid values are 0 and 0.1 to 1.0.')
}

/** A drained last backend would serve nobody: the API refuses it, and so a sum of zero. */
function requireServing(backends: readonly Props[], wire: Props): void {
  const sum = backends.reduce((total, backend) => total + Number(backend.capacityScaler), 0)
  if (backends.length === 1 && sum === 0) {
    throw invalid(
      'backends[0].capacityScaler',
      0,
      'A setting of 0 is not allowed when there is only one backend attached.',
    )
  }
  if (backends.length > 1 && sum === 0) {
    throw invalid(
      'backends',
      backends.map((backend) => lastSegment(String(backend.group))).join(', '),
      'The sum of capacityScaler over all backends must be greater than 0.',
    )
  }
  if (backends.length > 0 && stringsOf(wire.healthChecks).length === 0) {
    throw invalid('healthChecks', '', 'A health check is required for backends of this type.')
  }
}
