/** Instances that must never again take an application's writes, and how sure that is. */

export interface Fence {
  readonly instance: string
  readonly region: string
  /** The epoch it was primary in; it may not write in any later one. */
  readonly epoch: number
  /** Milliseconds since the epoch. */
  readonly since: number
  /** `pending`: it is out of reach, and only the record keeps writes away from it. `confirmed`: it was seen stopped. */
  readonly state: 'pending' | 'confirmed'
  /** Where its history and its successor's part: bytes of log, and the first transaction id that only one of them has. */
  readonly forkLsn?: number
  readonly forkXid?: number
}

/** The fences with one more, or a newer word about one; a confirmed fence's particulars are kept. */
export const withFence = (fences: readonly Fence[], fence: Fence): readonly Fence[] => [
  ...fences.filter(({instance}) => instance !== fence.instance),
  {...fences.find(({instance}) => instance === fence.instance), ...fence},
]
