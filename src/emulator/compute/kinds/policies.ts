import type {Props} from '../../contract.ts'
import {invalid} from '../google.ts'
import {SECURITY_POLICY} from '../limits.ts'
import {type Kind, listOf, propsOf, requireRange, stringsOf} from './kind.ts'

const DENY = ['deny(403)', 'deny(404)', 'deny(429)', 'deny(502)']
const ACTIONS = ['allow', ...DENY, 'rate_based_ban', 'throttle', 'redirect']
const KEYS = [
  'ALL',
  'IP',
  'HTTP_HEADER',
  'XFF_IP',
  'HTTP_COOKIE',
  'HTTP_PATH',
  'SNI',
  'REGION_CODE',
  'TLS_JA3_FINGERPRINT',
  'TLS_JA4_FINGERPRINT',
  'USER_IP',
]

const DEFAULT_RULE: Props = {
  action: 'allow',
  description: 'default rule',
  match: {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['*']}},
  preview: false,
  priority: SECURITY_POLICY.defaultPriority,
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies */
export const securityPolicy: Kind = {
  token: 'gcp:compute/securityPolicy:SecurityPolicy',
  collection: 'securityPolicies',
  restKind: 'compute#securityPolicy',
  noun: 'security_policy',
  enums: {
    type: ['CLOUD_ARMOR', 'CLOUD_ARMOR_EDGE', 'CLOUD_ARMOR_INTERNAL_SERVICE'],
    'rules[].match.versionedExpr': ['SRC_IPS_V1'],
    'rules[].rateLimitOptions.conformAction': ['allow'],
    'rules[].rateLimitOptions.exceedAction': ['redirect', ...DENY],
    'rules[].rateLimitOptions.enforceOnKey': KEYS,
  },
  defaults: {type: 'CLOUD_ARMOR'},
  unlisted: ['creationTimestamp'],
  fingerprinted: true,
  references: {},
  compute: (outputs) => {
    const own = outputs.labels ?? {}
    const rules = listOf(outputs.rules).length > 0 ? outputs.rules : [DEFAULT_RULE]
    return {rules, effectiveLabels: own, pulumiLabels: own, labelFingerprint: '42WmSpB8rSM='}
  },
  view: (wire) => ({
    ...wire,
    rules: listOf(wire.rules).map((rule) => ({kind: 'compute#securityPolicyRule', preview: false, ...rule})),
  }),
  validate: (wire) => {
    const rules = listOf(wire.rules)
    const priorities = rules.map((rule) => Number(rule.priority))
    if (!priorities.includes(SECURITY_POLICY.defaultPriority)) {
      throw invalid(
        'rules',
        '',
        `A rule with priority ${SECURITY_POLICY.defaultPriority} that matches everything is required.`,
      )
    }
    for (const [index, rule] of rules.entries()) {
      if (priorities.indexOf(Number(rule.priority)) !== index) {
        throw invalid(`rules[${index}].priority`, rule.priority, 'Cannot have rules with the same priorities.')
      }
      requireRule(`rules[${index}]`, rule)
    }
  },
}

function requireRule(field: string, rule: Props): void {
  const action = String(rule.action)
  if (!ACTIONS.includes(action)) throw invalid(`${field}.action`, action, `Must be one of ${ACTIONS.join(', ')}.`)
  requireRange(`${field}.priority`, rule.priority, {min: 0, max: SECURITY_POLICY.defaultPriority})
  requireMatch(`${field}.match`, propsOf(rule.match))
  const limited = action === 'throttle' || action === 'rate_based_ban'
  const options = propsOf(rule.rateLimitOptions)
  if (!limited) {
    if (rule.rateLimitOptions === undefined) return
    throw invalid(`${field}.rateLimitOptions`, '', 'Only for the actions throttle and rate_based_ban.')
  }
  requireThreshold(`${field}.rateLimitOptions.rateLimitThreshold`, propsOf(options.rateLimitThreshold))
  if (options.exceedAction === undefined)
    throw invalid(`${field}.rateLimitOptions.exceedAction`, '', 'An action is required.')
  if (action === 'rate_based_ban') {
    requireRange(`${field}.rateLimitOptions.banDurationSec`, options.banDurationSec ?? 0, {min: 1, max: 86_400})
    if (options.banThreshold !== undefined) {
      requireThreshold(`${field}.rateLimitOptions.banThreshold`, propsOf(options.banThreshold))
    }
  } else if (options.banDurationSec !== undefined) {
    throw invalid(`${field}.rateLimitOptions.banDurationSec`, options.banDurationSec, 'Only for rate_based_ban.')
  }
}

function requireMatch(field: string, match: Props): void {
  const ranges = stringsOf(propsOf(match.config).srcIpRanges)
  const expression = propsOf(match.expr).expression
  if (match.versionedExpr === undefined && expression === undefined) {
    throw invalid(field, '', 'Either versionedExpr or expr is required.')
  }
  if (match.versionedExpr !== undefined && ranges.length === 0)
    throw invalid(`${field}.config.srcIpRanges`, '', 'Required with SRC_IPS_V1.')
  if (ranges.length > SECURITY_POLICY.rangesPerRule) {
    throw invalid(
      `${field}.config.srcIpRanges`,
      ranges.length,
      `At most ${SECURITY_POLICY.rangesPerRule} ranges are allowed.`,
    )
  }
}

function requireThreshold(field: string, threshold: Props): void {
  requireRange(`${field}.count`, threshold.count ?? 0, {min: 1, max: 1_000_000})
  const interval = Number(threshold.intervalSec)
  if (!(SECURITY_POLICY.intervals as readonly number[]).includes(interval)) {
    throw invalid(
      `${field}.intervalSec`,
      threshold.intervalSec,
      `Must be one of ${SECURITY_POLICY.intervals.join(', ')}.`,
    )
  }
}

const ECDHE = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
]

/** https://cloud.google.com/compute/docs/reference/rest/v1/sslPolicies */
export const sslPolicy: Kind = {
  token: 'gcp:compute/sSLPolicy:SSLPolicy',
  collection: 'sslPolicies',
  restKind: 'compute#sslPolicy',
  noun: 'ssl_policy',
  enums: {
    profile: ['COMPATIBLE', 'MODERN', 'RESTRICTED', 'CUSTOM', 'FIPS_202205'],
    minTlsVersion: ['TLS_1_0', 'TLS_1_1', 'TLS_1_2', 'TLS_1_3'],
    postQuantumKeyExchange: ['DEFAULT', 'ENABLED', 'DEFERRED'],
  },
  defaults: {profile: 'COMPATIBLE', minTlsVersion: 'TLS_1_0'},
  fingerprinted: true,
  references: {},
  check: (inputs) => {
    const custom = inputs.profile === 'CUSTOM'
    const features = stringsOf(inputs.customFeatures).length > 0
    if (custom === features) return []
    const reason = custom
      ? 'customFeatures must be set when profile is CUSTOM'
      : 'customFeatures can only be set when profile is CUSTOM'
    return [{property: 'customFeatures', reason}]
  },
  compute: (outputs) => ({enabledFeatures: outputs.profile === 'CUSTOM' ? outputs.customFeatures : ECDHE}),
  validate: (wire) => {
    if (wire.profile === 'RESTRICTED' || wire.minTlsVersion !== 'TLS_1_3') return
    throw invalid('minTlsVersion', 'TLS_1_3', 'TLS 1.3 needs the profile RESTRICTED.')
  },
}
