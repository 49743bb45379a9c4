/** What the kinds of load balancing resource have in common: a Pulumi shape on record, Google's REST shape over the wire. */
import type {CheckFailure, Props} from '../../contract.ts'
import {invalid, NAME} from '../google.ts'

export interface Reference {
  /** Path below the resource, for messages. */
  readonly field: string
  /** As written. */
  readonly value: string
  readonly collection: string
}

/** Other records, as a rule about references needs them. */
export interface Directory {
  exists(id: string): boolean
  record(id: string): Props | undefined
}

export interface Kind {
  readonly token: string
  readonly collection: string
  /** `compute#backendService` */
  readonly restKind: string
  /** As Google's messages name it: `backend_service`. */
  readonly noun: string
  /** Allowed values by input, checked before anything is sent, as the provider does. */
  readonly enums: Readonly<Record<string, readonly string[]>>
  /** What the provider or the API fills in. */
  readonly defaults: Props
  /** Outputs that carry the resource's number and its fingerprint, where the provider has them. */
  readonly numberIn?: string
  readonly fingerprinted: boolean
  /** Kept on record but no output of the Pulumi resource. */
  readonly unlisted?: readonly string[]
  /** A write through REST must name the current fingerprint. */
  readonly guarded?: boolean
  readonly references: Readonly<Record<string, string>>
  check?(inputs: Props): readonly CheckFailure[]
  /** Further computed outputs, e.g. an address. `kept` is the record before, if any. */
  compute?(outputs: Props, kept: Props | undefined, taken: (value: string) => boolean): Props
  /** Record → names and nesting of the REST API, without defaults. */
  toWire?(record: Props): Props
  fromWire?(wire: Props): Props
  /** Defaults that only the API shows. */
  view?(wire: Props): Props
  /** The API's rules. Throws GoogleError. `wire` is the view. */
  validate?(wire: Props, directory: Directory, project: string): void
}

export const isProps = (value: unknown): value is Props =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const propsOf = (value: unknown): Props => (isProps(value) ? value : {})

export const listOf = (value: unknown): readonly Props[] => (Array.isArray(value) ? value.filter(isProps) : [])

export const stringsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []

export const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : otherwise

export const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)

/** A copy without `keys` and without undefined values. */
export function without(props: Props, keys: readonly string[]): Props {
  return Object.fromEntries(Object.entries(props).filter(([key, value]) => value !== undefined && !keys.includes(key)))
}

/** The provider's own check of a value against its list, in its words. */
export function enumFailures(inputs: Props, enums: Kind['enums']): readonly CheckFailure[] {
  return Object.entries(enums).flatMap(([path, allowed]) =>
    valuesAt(inputs, path.split('.'), '')
      .filter(({value}) => value !== undefined && value !== '' && !allowed.includes(String(value)))
      .map(({at, value}) => ({
        property: at,
        reason: `expected ${at} to be one of [${allowed.map((item) => `"${item}"`).join(' ')}], got ${String(value)}`,
      })),
  )
}

/** Every value at a dotted path; `backends[].balancingMode` visits each element. */
function valuesAt(value: unknown, path: readonly string[], at: string): readonly {at: string; value: unknown}[] {
  const [step, ...rest] = path
  if (step === undefined) return [{at, value}]
  const key = step.replace('[]', '')
  const next = propsOf(value)[key]
  const here = at === '' ? key : `${at}.${key}`
  if (!step.endsWith('[]')) return valuesAt(next, rest, here)
  return listOf(next).flatMap((item, index) => valuesAt(item, rest, `${here}[${index}]`))
}

/** The API's range rule for whole numbers. */
export function requireRange(field: string, value: unknown, range: {min: number; max: number}): void {
  if (value === undefined) return
  const number = Number(value)
  if (Number.isInteger(number) && number >= range.min && number <= range.max) return
  throw invalid(field, value, `Value must be between ${range.min} and ${range.max}.`)
}

export function requireName(name: unknown): asserts name is string {
  if (typeof name === 'string' && NAME.test(name)) return
  throw invalid('name', name, `Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'`)
}

/** Every reference in a resource: strings, or lists of them, under the kind's reference keys, however deep. */
export function referencesIn(kind: Pick<Kind, 'references'>, value: unknown, field = ''): readonly Reference[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => referencesIn(kind, item, `${field}[${index}]`))
  if (!isProps(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = field === '' ? key : `${field}.${key}`
    const collection = kind.references[key]
    if (collection === undefined) return referencesIn(kind, inner, at)
    return stringsOf(typeof inner === 'string' ? [inner] : inner)
      .filter((item) => item !== '')
      .map((item) => ({field: at, value: item, collection}))
  })
}
