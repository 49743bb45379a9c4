import type {Props} from '../../contract.ts'
import {invalid} from '../google.ts'
import {HEALTH_CHECK} from '../limits.ts'
import {type Kind, numberOr, propsOf, requireRange} from './kind.ts'

/** The block of each protocol, and the `type` the API derives from it. */
export const PROTOCOL_BLOCKS: Readonly<Record<string, string>> = {
  httpHealthCheck: 'HTTP',
  httpsHealthCheck: 'HTTPS',
  http2HealthCheck: 'HTTP2',
  tcpHealthCheck: 'TCP',
  sslHealthCheck: 'SSL',
  grpcHealthCheck: 'GRPC',
  grpcTlsHealthCheck: 'GRPC_WITH_TLS',
}

const PORT_SPECIFICATIONS = ['USE_FIXED_PORT', 'USE_NAMED_PORT', 'USE_SERVING_PORT']

/** The protocol block that is filled in. */
export const blockOf = (resource: Props): string | undefined =>
  Object.keys(PROTOCOL_BLOCKS).find((name) => resource[name] !== undefined)

/** https://cloud.google.com/compute/docs/reference/rest/v1/healthChecks */
export const healthCheck: Kind = {
  token: 'gcp:compute/healthCheck:HealthCheck',
  collection: 'healthChecks',
  restKind: 'compute#healthCheck',
  noun: 'health_check',
  enums: Object.fromEntries(
    Object.keys(PROTOCOL_BLOCKS).map((block) => [`${block}.portSpecification`, PORT_SPECIFICATIONS]),
  ),
  defaults: {
    checkIntervalSec: HEALTH_CHECK.intervalSec.default,
    timeoutSec: HEALTH_CHECK.timeoutSec.default,
    healthyThreshold: HEALTH_CHECK.threshold.default,
    unhealthyThreshold: HEALTH_CHECK.threshold.default,
  },
  fingerprinted: false,
  references: {},
  check: (inputs) => {
    const blocks = Object.keys(PROTOCOL_BLOCKS).filter((name) => inputs[name] !== undefined)
    if (blocks.length === 1) return []
    const reason =
      blocks.length === 0
        ? `one of ${Object.keys(PROTOCOL_BLOCKS).join(', ')} must be specified`
        : `only one of ${blocks.join(', ')} can be specified`
    return [{property: blocks[1] ?? 'httpHealthCheck', reason}]
  },
  compute: (outputs) => ({type: PROTOCOL_BLOCKS[blockOf(outputs) ?? ''] ?? 'TCP'}),
  view: (wire) => {
    const block = blockOf(wire)
    if (block === undefined) return wire
    const secure = block === 'httpsHealthCheck' || block === 'http2HealthCheck' || block === 'sslHealthCheck'
    const serving = propsOf(wire[block]).portSpecification === 'USE_SERVING_PORT'
    const port = serving ? {} : {port: secure ? HEALTH_CHECK.httpsPort : HEALTH_CHECK.httpPort}
    const path = block.startsWith('http') ? {requestPath: '/', proxyHeader: 'NONE'} : {}
    return {...wire, type: PROTOCOL_BLOCKS[block], [block]: {...port, ...path, ...propsOf(wire[block])}}
  },
  validate: (wire) => {
    requireRange('checkIntervalSec', wire.checkIntervalSec, HEALTH_CHECK.intervalSec)
    requireRange('timeoutSec', wire.timeoutSec, HEALTH_CHECK.timeoutSec)
    requireRange('healthyThreshold', wire.healthyThreshold, HEALTH_CHECK.threshold)
    requireRange('unhealthyThreshold', wire.unhealthyThreshold, HEALTH_CHECK.threshold)
    if (numberOr(wire.timeoutSec, 0) > numberOr(wire.checkIntervalSec, 0)) {
      throw invalid('timeoutSec', wire.timeoutSec, 'The timeout must not be greater than checkIntervalSec.')
    }
    requirePort(wire)
  },
}

function requirePort(wire: Props): void {
  const block = blockOf(wire)
  if (block === undefined) throw invalid('type', '', 'A health check needs the settings of one protocol.')
  const {portSpecification, port, requestPath} = propsOf(wire[block])
  if (portSpecification === 'USE_SERVING_PORT' && port !== undefined) {
    throw invalid(`${block}.port`, port, 'Port must not be set with portSpecification USE_SERVING_PORT.')
  }
  if (port !== undefined) requireRange(`${block}.port`, port, {min: 1, max: 65_535})
  if (requestPath !== undefined && !String(requestPath).startsWith('/')) {
    throw invalid(`${block}.requestPath`, requestPath, `The request path must start with '/'.`)
  }
}
