import {createHash} from 'node:crypto'

export interface Versions {
  /** Of the engine, `3.259.0`. */
  readonly engine: string
  /** Of the programs: ha's own version, or a hash of the stacks' sources in development. */
  readonly program: string
}

/** Changes exactly when a node's input or the versions change; the order of keys does not matter. */
export const fingerprintOf = (name: string, input: unknown, {engine, program}: Versions): string =>
  createHash('sha256').update(canonical({name, input, engine, program})).digest('hex').slice(0, 32)

/** JSON with sorted keys; what JSON leaves out is left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each ?? null)).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`)
    .join(',')}}`
}
