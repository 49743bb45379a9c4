import type {CheckFailure, Props} from '../../contract.ts'
import {isValidId} from '../names.ts'

/** One rule about one input; silent about an input that is not there or not yet known. */
export type Rule = (inputs: Props) => CheckFailure | undefined

export const checkAll =
  (rules: readonly Rule[]) =>
  (inputs: Props): CheckFailure[] =>
    rules.flatMap((rule) => rule(inputs) ?? [])

/** The value at a dotted path. */
export function at(inputs: Props, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? (value as Props)[key] : undefined),
      inputs,
    )
}

export const named: Rule = ({name}) =>
  typeof name !== 'string' || isValidId(name)
    ? undefined
    : {
        property: 'name',
        reason:
          'must be 3 to 255 characters, start with a letter, hold only letters, digits and -_.~+%, and not start with "goog"',
      }

export function integerIn(property: string, min: number, max: number): Rule {
  return (inputs) => {
    const value = at(inputs, property)
    if (typeof value !== 'number' || (Number.isInteger(value) && value >= min && value <= max)) return undefined
    return {property, reason: `expected ${property} to be in the range (${min} - ${max}), got ${value}`}
  }
}

/** A duration in text form, `600s`; bounds in milliseconds. */
export function durationIn(property: string, min: number, max: number): Rule {
  return (inputs) => {
    const value = at(inputs, property)
    if (typeof value !== 'string' || value === '') return undefined
    const seconds = /^(\d+(?:\.\d{1,9})?)s$/.exec(value)?.[1]
    if (seconds === undefined) return {property, reason: `"${value}" is not a duration in seconds such as "600s"`}
    const ms = Number(seconds) * 1_000
    return ms >= min && ms <= max
      ? undefined
      : {property, reason: `must be between ${min / 1_000}s and ${max / 1_000}s, got "${value}"`}
  }
}

export function oneOf(property: string, values: readonly string[]): Rule {
  return (inputs) => {
    const value = at(inputs, property)
    if (typeof value !== 'string' || values.includes(value)) return undefined
    return {property, reason: `expected ${property} to be one of ${values.join(', ')}, got ${value}`}
  }
}

/** Exists at Google and not here: refused rather than silently accepted. */
export function notEmulated(property: string, instead: string): Rule {
  return (inputs) =>
    at(inputs, property) === undefined ? undefined : {property, reason: `is not emulated; ${instead}`}
}
