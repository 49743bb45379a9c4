/** NetworkPolicies (pkg/apis/networking/validation/validation.go). */
import {isIP} from 'node:net'
import type {Json} from './objects.ts'
import {checkEnum, checkPort, checkSelector, isPortName, type Problems} from './problems.ts'
import type {Check} from './validate-workloads.ts'

export const checkPolicy: Check = (problems, {spec}) => {
  checkSelector(problems, spec?.podSelector, 'spec.podSelector')
  const types: Json[] = spec?.policyTypes ?? []
  if (types.length > 2) problems.wrong('spec.policyTypes', types, 'may not specify more than two policyTypes')
  for (const [index, type] of types.entries())
    checkEnum(problems, type, `spec.policyTypes[${index}]`, ['Ingress', 'Egress'])
  for (const [direction, side] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [index, rule] of (spec?.[direction] ?? []).entries()) {
      const at = `spec.${direction}[${index}]`
      for (const [n, port] of (rule.ports ?? []).entries()) checkRulePort(problems, port, `${at}.ports[${n}]`)
      for (const [n, peer] of (rule[side] ?? []).entries()) checkPeer(problems, peer, `${at}.${side}[${n}]`)
    }
  }
}

function checkRulePort(problems: Problems, {protocol = 'TCP', port}: Json, at: string) {
  if (!['TCP', 'UDP', 'SCTP'].includes(protocol))
    problems.unsupported(`${at}.protocol`, protocol, ['TCP', 'UDP', 'SCTP'])
  if (typeof port === 'number') checkPort(problems, port, `${at}.port`)
  else if (port !== undefined && !isPortName(port)) problems.wrong(`${at}.port`, port, 'must be a valid port name')
}

function checkPeer(problems: Problems, {podSelector, namespaceSelector, ipBlock}: Json, at: string) {
  if (!podSelector && !namespaceSelector && !ipBlock) return problems.required(at, 'must specify a peer')
  checkSelector(problems, podSelector, `${at}.podSelector`)
  checkSelector(problems, namespaceSelector, `${at}.namespaceSelector`)
  if (!ipBlock) return
  if (podSelector || namespaceSelector) problems.forbidden(at, 'may not specify both ipBlock and another peer')
  if (!ipBlock.cidr) return problems.required(`${at}.ipBlock.cidr`)
  for (const cidr of [ipBlock.cidr, ...(ipBlock.except ?? [])]) {
    if (!isRange(cidr))
      problems.wrong(`${at}.ipBlock.cidr`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')
  }
}

function isRange(text: string): boolean {
  const [address, bits, ...rest] = text.split('/')
  const version = isIP(address!)
  return version > 0 && rest.length === 0 && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (version === 4 ? 32 : 128)
}
