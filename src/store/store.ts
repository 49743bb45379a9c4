/**
 * The port: small JSON documents under compare-and-swap, so that two runs can never both believe they wrote last.
 * On disk (`files.ts`) a version is a number that only grows; on Google Cloud Storage it is the object's generation
 * (https://docs.cloud.google.com/storage/docs/request-preconditions), `ifAbsent` being generation 0.
 */
import {HaError} from '../errors.ts'

export interface Document<T> {
  readonly value: T
  readonly version: string
}

export type Condition = {readonly ifVersion: string} | {readonly ifAbsent: true}

export interface Store {
  /** Where it lies, for people. */
  readonly url: string
  /** undefined: no such document. Throws STORE_CORRUPT. */
  read<T>(name: string): Promise<Document<T> | undefined>
  /** Durable when it resolves, to the new version. Throws STORE_CONFLICT when the condition does not hold. */
  write<T>(name: string, value: T, condition: Condition): Promise<string>
  /** Throws STORE_CONFLICT when it changed meanwhile. */
  remove(name: string, condition: {readonly ifVersion: string}): Promise<void>
  /** Names of the documents whose name starts with `prefix`, sorted. */
  list(prefix: string): Promise<readonly string[]>
}

const NAME = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/

/** The name itself; throws when it could leave the store's folder. */
export function checkName(name: string): string {
  if (!NAME.test(name)) throw new HaError('BUG', `"${name}" is not a document's name.`)
  return name
}

export const conflict = (name: string): HaError =>
  new HaError('STORE_CONFLICT', `Another run changed "${name}" at the same moment.`, {
    next: ['Run the same command again; it starts from what is recorded now.'],
    data: {document: name},
  })

/**
 * Reads, changes and writes until no one came between; `change` may be called several times.
 * Returns what was written. For documents that several writers own; throws STORE_CONFLICT after 20 attempts.
 */
export async function update<T>(
  store: Store,
  name: string,
  change: (now: T | undefined) => T | Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const now = await store.read<T>(name)
    const value = await change(now?.value)
    try {
      await store.write(name, value, now === undefined ? {ifAbsent: true} : {ifVersion: now.version})
      return value
    } catch (thrown) {
      if (!(thrown instanceof HaError && thrown.code === 'STORE_CONFLICT')) throw thrown
    }
  }
  throw conflict(name)
}
