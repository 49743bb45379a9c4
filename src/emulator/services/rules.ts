/** Rules of Google's APIs that the schema cannot say. Values that are not known yet pass; they are checked again when they are. */
import type {CheckFailure, Props} from '../contract.ts'
import {isUnknown, valueAt} from '../provider/values.ts'

export type Rule = (inputs: Props) => readonly CheckFailure[]

/** All failures of all rules. */
export const rules =
  (...all: readonly Rule[]): Rule =>
  (inputs) =>
    all.flatMap((rule) => rule(inputs))

const ruleOn =
  (property: string, reason: (value: unknown) => string | undefined): Rule =>
  (inputs) => {
    const value = valueAt(inputs, property)
    if (value === undefined || value === null || isUnknown(value)) return []
    const wrong = reason(value)
    return wrong === undefined ? [] : [{property, reason: wrong}]
  }

export const oneOf = (property: string, values: readonly string[]): Rule =>
  ruleOn(property, (value) =>
    values.includes(value as string)
      ? undefined
      : `expected one of [${values.map((each) => JSON.stringify(each)).join(' ')}], got ${JSON.stringify(value)}`,
  )

/** `what` completes the sentence "must be …". */
export const matches = (property: string, pattern: RegExp, what: string): Rule =>
  ruleOn(property, (value) =>
    pattern.test(String(value)) ? undefined : `must be ${what}, got ${JSON.stringify(value)}`,
  )

export const between = (property: string, least: number, most: number): Rule =>
  ruleOn(property, (value) =>
    Number(value) >= least && Number(value) <= most
      ? undefined
      : `expected to be in the range (${least} - ${most}), got ${value}`,
  )

/** Names in Compute Engine. Source: https://cloud.google.com/compute/docs/naming-resources */
export const computeName = (property = 'name', longest = 63): Rule =>
  matches(
    property,
    new RegExp(`^(?=.{1,${longest}}$)[a-z]([-a-z0-9]*[a-z0-9])?$`),
    `1–${longest} lower-case letters, digits and hyphens, starting with a letter and not ending in a hyphen`,
  )

export const cidr = (property: string): Rule =>
  ruleOn(property, (value) => {
    const range = parseCidr(String(value))
    if (!range) return `must be an IPv4 range such as 10.0.0.0/20, got ${JSON.stringify(value)}`
    return range.first === range.address ? undefined : `${value} has host bits set`
  })

/** Source: https://cloud.google.com/iam/docs/principal-identifiers */
export const member = (property = 'member'): Rule =>
  matches(
    property,
    /^(allUsers|allAuthenticatedUsers|(user|serviceAccount|group):[^@\s]+@?[^\s]+|domain:\S+|principal(Set)?:\/\/\S+|project(Owner|Editor|Viewer):\S+|deleted:\S+)$/,
    'a principal such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com',
  )

export const role = (property = 'role'): Rule =>
  matches(property, /^((projects|organizations)\/[^/]+\/)?roles\/[\w.]+$/, 'a role such as roles/viewer')

export interface Range {
  readonly address: number
  readonly first: number
  readonly last: number
}

/** undefined for what is no IPv4 range. */
export function parseCidr(text: string): Range | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text)
  if (!match) return undefined
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number]
  if ([a, b, c, d].some((octet) => octet > 255) || bits > 32) return undefined
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  const size = 2 ** (32 - bits)
  const first = Math.floor(address / size) * size
  return {address, first, last: first + size - 1}
}

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
