/** Remembers the last answer to a question, and since when there is none. */
import type {Known} from '../facts.ts'
import {messageOf} from '../lean/log.ts'

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
