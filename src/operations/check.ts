/** One thing looked at before an operation begins. */
import {HaError} from '../errors.ts'

export interface Check {
  readonly name: string
  readonly verdict: 'fine' | 'warn' | 'refuse'
  readonly reason: string
  /** What to do or type; empty when it is fine. */
  readonly hint: string
}

export const fine = (name: string, reason: string): Check => ({name, verdict: 'fine', reason, hint: ''})
export const warned = (name: string, reason: string, hint: string): Check => ({name, verdict: 'warn', reason, hint})
export const refused = (name: string, reason: string, hint: string): Check => ({name, verdict: 'refuse', reason, hint})

/** @throws HaError OPERATION_UNCHANGED (exit 18) that names every refusal. */
export function assertPasses(checks: readonly Check[]): void {
  const refusals = checks.filter(({verdict}) => verdict === 'refuse')
  if (refusals.length === 0) return
  throw new HaError('OPERATION_UNCHANGED', `Not begun: ${refusals.map(({reason}) => reason).join(' ')}`, {
    next: [...new Set(refusals.map(({hint}) => hint))],
    data: {checks: refusals},
  })
}
