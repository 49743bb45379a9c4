/**
 * The part of Cloud Armor that is emulated: source ranges and rate limits. Expressions (preconfigured WAF rules) are accepted by
 * the API and never match here. https://cloud.google.com/armor/docs/security-policy-overview
 */
import {BlockList, isIPv6} from 'node:net'
import type {Props} from '../../contract.ts'
import {lastSegment} from '../google.ts'
import {listOf, numberOr, propsOf, stringsOf, textOr} from '../kinds/kind.ts'

interface Threshold {
  readonly count: number
  readonly intervalMs: number
}

interface Rule {
  readonly priority: number
  readonly action: string
  readonly preview: boolean
  matches(ip: string): boolean
  readonly limit?: {
    readonly threshold: Threshold
    readonly ban?: {readonly ms: number; readonly threshold?: Threshold}
    readonly exceed: string
    readonly key: string
    readonly header: string
  }
}

export interface CompiledPolicy {
  readonly name: string
  readonly rules: readonly Rule[]
}

export interface Visitor {
  readonly ip: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface Verdict {
  /** undefined: go on. */
  readonly deny?: number
  readonly redirect?: boolean
  /** The rule that decided, for the access log. */
  readonly rule?: {
    readonly policy: string
    readonly priority: number
    readonly action: string
    readonly outcome: 'ACCEPT' | 'DENY'
  }
  readonly preview?: {
    readonly policy: string
    readonly priority: number
    readonly action: string
    readonly outcome: 'ACCEPT' | 'DENY'
  }
}

interface Counter {
  windowStart: number
  count: number
  banStart: number
  banCount: number
  bannedUntil: number
}

/** Counters by policy, rule and key. Forgotten when the process ends, as they are on a front end of Google's. */
export type Counters = Map<string, Counter>

export function compilePolicy(view: Props): CompiledPolicy {
  const rules = listOf(view.rules)
    .toSorted((a, b) => Number(a.priority) - Number(b.priority))
    .map(compileRule)
  return {name: lastSegment(String(view.selfLink)), rules}
}

function compileRule(rule: Props): Rule {
  const match = propsOf(rule.match)
  const options = propsOf(rule.rateLimitOptions)
  const ranges = stringsOf(propsOf(match.config).srcIpRanges)
  const banThreshold = options.banThreshold === undefined ? undefined : threshold(propsOf(options.banThreshold))
  const banMs = numberOr(options.banDurationSec, 0) * 1000
  return {
    priority: Number(rule.priority),
    action: String(rule.action),
    preview: rule.preview === true,
    matches: match.expr === undefined ? inRanges(ranges) : () => false,
    ...(rule.rateLimitOptions === undefined
      ? {}
      : {
          limit: {
            threshold: threshold(propsOf(options.rateLimitThreshold)),
            exceed: textOr(options.exceedAction, 'deny(429)'),
            key: textOr(options.enforceOnKey, textOr(listOf(options.enforceOnKeyConfigs)[0]?.enforceOnKeyType, 'ALL')),
            header: textOr(options.enforceOnKeyName, '').toLowerCase(),
            ...(banMs > 0 ? {ban: {ms: banMs, ...(banThreshold === undefined ? {} : {threshold: banThreshold})}} : {}),
          },
        }),
  }
}

const threshold = (props: Props): Threshold => ({
  count: Number(props.count),
  intervalMs: Number(props.intervalSec) * 1000,
})

function inRanges(ranges: readonly string[]): (ip: string) => boolean {
  if (ranges.includes('*')) return () => true
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return (ip) => list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
}

/** The first rule that matches decides; rules in preview are evaluated on the way and only reported. */
export function evaluate(policy: CompiledPolicy, visitor: Visitor, counters: Counters, now: number): Verdict {
  let preview: Verdict['preview']
  for (const rule of policy.rules) {
    if (!rule.matches(visitor.ip)) continue
    const outcome = outcomeOf(policy.name, rule, visitor, counters, now)
    const report = {
      policy: policy.name,
      priority: rule.priority,
      action: rule.action,
      outcome: outcome.deny === undefined && !outcome.redirect ? 'ACCEPT' : 'DENY',
    } as const
    if (!rule.preview) return {...outcome, rule: report, ...(preview === undefined ? {} : {preview})}
    preview ??= report
  }
  return preview === undefined ? {} : {preview}
}

function outcomeOf(policy: string, rule: Rule, visitor: Visitor, counters: Counters, now: number): Verdict {
  if (rule.limit === undefined) return consequence(rule.action)
  const key = `${policy} ${rule.priority} ${keyOf(rule.limit, visitor)}`
  const counter = counters.get(key) ?? {windowStart: now, count: 0, banStart: now, banCount: 0, bannedUntil: 0}
  counters.set(key, counter)
  const {exceed, ban} = rule.limit
  if (counter.bannedUntil > now) return consequence(exceed)
  if (now - counter.windowStart >= rule.limit.threshold.intervalMs) Object.assign(counter, {windowStart: now, count: 0})
  counter.count += 1
  if (counter.count <= rule.limit.threshold.count) return {}
  if (ban !== undefined) {
    if (ban.threshold !== undefined && now - counter.banStart >= ban.threshold.intervalMs)
      Object.assign(counter, {banStart: now, banCount: 0})
    counter.banCount += 1
    if (ban.threshold === undefined || counter.banCount > ban.threshold.count) counter.bannedUntil = now + ban.ms
  }
  return consequence(exceed)
}

function consequence(action: string): Verdict {
  if (action === 'redirect') return {redirect: true}
  const deny = /^deny\((\d+)\)$/.exec(action)?.[1]
  return deny === undefined ? {} : {deny: Number(deny)}
}

/** https://cloud.google.com/armor/docs/rate-limiting-overview#identifying_clients_for_rate_limiting */
function keyOf(limit: NonNullable<Rule['limit']>, visitor: Visitor): string {
  const header = (name: string) => {
    const value = visitor.headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }
  switch (limit.key) {
    case 'ALL':
      return 'all'
    case 'HTTP_HEADER':
      return header(limit.header) ?? 'all'
    case 'XFF_IP':
      return header('x-forwarded-for')?.split(',')[0]?.trim() ?? visitor.ip
    case 'HTTP_PATH':
      return visitor.path
    default:
      return visitor.ip
  }
}

/** Forgets counters that no longer say anything. */
export function sweep(counters: Counters, now: number): void {
  for (const [key, counter] of counters) {
    if (counter.bannedUntil < now && now - counter.windowStart > 3_600_000) counters.delete(key)
  }
}
