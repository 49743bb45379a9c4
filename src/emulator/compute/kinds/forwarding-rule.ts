import {createHash} from 'node:crypto'
import type {Props} from '../../contract.ts'
import {invalid, relativeName} from '../google.ts'
import {type Kind, textOr, without} from './kind.ts'

/**
 * Addresses come from the ranges kept for documentation (RFC 5737, RFC 3849), so that nothing outside is ever reached by
 * mistake. The same name gets the same address while it is free.
 */
export function allocateAddress(seed: string, version: unknown, taken: (address: string) => boolean): string {
  const start = createHash('sha256').update(seed).digest().readUInt16BE(0)
  for (let step = 0; step < 508; step++) {
    const host = (start + step) % 508
    const v4 = host < 254 ? `203.0.113.${host + 1}` : `198.51.100.${host - 253}`
    const address = version === 'IPV6' ? `2001:db8::${(host + 1).toString(16)}` : v4
    if (!taken(address)) return address
  }
  throw invalid('address', '', 'No address is left.')
}

const labels = (outputs: Props): Props => {
  const own = outputs.labels ?? {}
  return {effectiveLabels: own, pulumiLabels: own, labelFingerprint: '42WmSpB8rSM='}
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/globalAddresses */
export const globalAddress: Kind = {
  token: 'gcp:compute/globalAddress:GlobalAddress',
  collection: 'addresses',
  restKind: 'compute#address',
  noun: 'address',
  enums: {addressType: ['EXTERNAL', 'INTERNAL'], ipVersion: ['IPV4', 'IPV6']},
  defaults: {addressType: 'EXTERNAL'},
  fingerprinted: false,
  references: {},
  compute: (outputs, kept, taken) => ({
    address:
      outputs.address ??
      kept?.address ??
      (outputs.addressType === 'INTERNAL'
        ? internalRange(String(outputs.name), taken)
        : allocateAddress(String(outputs.name), outputs.ipVersion, taken)),
    ...labels(outputs),
  }),
  view: (wire) => ({networkTier: 'PREMIUM', status: 'RESERVED', ...wire}),
}

/** The start of a /16 for private services access, below 10.0.0.0/8 where auto-mode networks have nothing (10.224.0.0 and up). */
function internalRange(name: string, taken: (address: string) => boolean): string {
  const start = createHash('sha256').update(name).digest().readUInt8(0)
  for (let step = 0; step < 32; step++) {
    const address = `10.${224 + ((start + step) % 32)}.0.0`
    if (!taken(address)) return address
  }
  throw invalid('address', '', 'No address range is left.')
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/globalForwardingRules */
export const globalForwardingRule: Kind = {
  token: 'gcp:compute/globalForwardingRule:GlobalForwardingRule',
  collection: 'forwardingRules',
  restKind: 'compute#forwardingRule',
  noun: 'forwarding_rule',
  enums: {
    ipProtocol: ['TCP', 'UDP', 'ESP', 'AH', 'SCTP', 'ICMP'],
    ipVersion: ['IPV4', 'IPV6'],
    loadBalancingScheme: ['EXTERNAL', 'EXTERNAL_MANAGED', 'INTERNAL_MANAGED', 'INTERNAL_SELF_MANAGED'],
    networkTier: ['PREMIUM', 'STANDARD'],
  },
  defaults: {ipProtocol: 'TCP', loadBalancingScheme: 'EXTERNAL', networkTier: 'PREMIUM'},
  numberIn: 'forwardingRuleId',
  unlisted: ['creationTimestamp'],
  fingerprinted: false,
  references: {target: 'targetHttpProxies'},
  compute: (outputs, kept, taken) => ({
    ipAddress:
      outputs.ipAddress ?? kept?.ipAddress ?? allocateAddress(`rule ${outputs.name}`, outputs.ipVersion, taken),
    ...labels(outputs),
  }),
  toWire: (record) => ({
    ...without(record, ['ipAddress', 'ipProtocol']),
    IPAddress: record.ipAddress,
    IPProtocol: record.ipProtocol,
  }),
  fromWire: (wire) => ({
    ...without(wire, ['IPAddress', 'IPProtocol']),
    ipAddress: wire.IPAddress,
    ipProtocol: wire.IPProtocol,
  }),
  view: (wire) => ({...wire, portRange: portRange(wire.portRange)}),
  validate: (wire, directory, project) => {
    const [first, last] = portRange(wire.portRange).split('-')
    if (first === '' || first !== last)
      throw invalid('portRange', wire.portRange, 'An Application Load Balancer listens on exactly one port.')
    const address = textOr(wire.IPAddress, '')
    if (!address.includes('/')) return
    const id = relativeName(address, project, 'addresses')
    if (!directory.exists(id)) throw invalid('IPAddress', address, `The resource '${id}' was not found.`)
  },
}

/** `80` and `80-80` are the same; the API shows the second. */
export function portRange(value: unknown): string {
  const text = String(value ?? '')
  return text.includes('-') ? text : `${text}-${text}`
}
