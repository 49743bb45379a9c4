/** Values and places of ha.yaml as messages show them, and likely repairs. */
import type {expectationOf} from './expected.ts'
import type {Path} from './located.ts'

/** `services.api.replicas.min`, as `--set` takes it. */
export const where = (path: Path): string => (path.length === 0 ? 'ha.yaml' : path.join('.'))

export function show(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** `a, b or c`. */
export const oneOf = (choices: readonly string[]) =>
  choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`

/** The unit a number without one most likely has. */
const UNITS: Readonly<Record<string, string>> = {
  DURATION_INVALID: 's',
  SIZE_INVALID: 'GiB',
  MEMORY_INVALID: 'MiB',
  PERCENT_INVALID: '%',
  RATE_INVALID: '/min',
}

/** A likely repair of the value itself, or else an example of what is expected. */
export function suggestion(found: unknown, expected: ReturnType<typeof expectationOf>): string | undefined {
  // Maps and lists have no text of their own, and a map may even hold a key named toString.
  const text = found !== null && typeof found === 'object' ? '' : String(found)
  const unit = UNITS[expected?.code ?? '']
  const number = /^[1-9]\d{0,5}(\.\d{1,3})?/.exec(text)?.[0]
  if (unit !== undefined && number !== undefined) return `${number}${unit}`
  if (expected?.what.startsWith('text;') && text !== '') return JSON.stringify(text)
  if (expected?.what === 'a list' && typeof found === 'string') return `[${text}]`
  return expected?.instead
}

/** A name made of allowed characters, as near as can be; nothing when there is nothing to change. */
export const kebab = (name: string) => {
  const made = name
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
  return made === name ? '' : made.slice(0, 40)
}
