/** Remembers the last answer to a question, and since when there is none. */
import type {Known} from '../facts.ts'

export interface Memory<T> {
  learn(value: T, at: number): void
  fail(error: unknown, at: number): void
  /** As of `at`, on the same clock. */
  tell(at: number): Known<T>
}

export function remember<T>(): Memory<T> {
  let last: {readonly value: T; readonly at: number} | undefined
  let failure: {readonly since: number; readonly message: string} | undefined
  return {
    learn(value, at) {
      last = {value, at}
      failure = undefined
    },
    fail(error, at) {
      failure = {since: failure?.since ?? at, message: messageOf(error)}
    },
    tell: (at) => ({
      ...(last && {value: last.value, ageMs: Math.round(at - last.at)}),
      ...(failure && {failing: {forMs: Math.round(at - failure.since), message: failure.message}}),
    }),
  }
}

/** An AggregateError, which is what a refused connection to a name with two addresses is, says nothing itself. */
export function messageOf(error: unknown): string {
  const {message, code, errors} = error as {message?: string; code?: string; errors?: readonly unknown[]}
  return message || code || (errors?.[0] === undefined ? String(error) : messageOf(errors[0]))
}
