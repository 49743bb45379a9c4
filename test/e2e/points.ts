/** Where an operation is killed: at which step, and how far in it. */
import type {Step, StepKind} from '../../src/operations/plan.ts'

/** `answer lost`: the step's first request that changes something was answered, and the answer is not heard. */
export const PHASES = ['before intent', 'after intent', 'answer lost', 'before done', 'after done'] as const

export interface Point {
  /** The step's id. */
  readonly step: string
  readonly phase: (typeof PHASES)[number]
}

/** Steps that only look. */
const LOOKING: readonly StepKind[] = ['await-replay', 'await-healthy']
/** Steps that change what is kept on this machine; what they ask of the cloud, if anything, changes nothing that matters. */
const KEEPING: readonly StepKind[] = [
  'record-roles',
  'return-region',
  'fence-old',
  'capture-divergence',
  'soak',
  'reconcile',
]

/** Every point that a step may come to. One that finds its work already done comes to the last two only. */
export const pointsOf = (steps: readonly Pick<Step, 'id' | 'kind'>[]): readonly Point[] =>
  steps.flatMap(({id, kind}) =>
    PHASES.filter((phase) => {
      if (LOOKING.includes(kind)) return phase === 'before done' || phase === 'after done'
      return phase !== 'answer lost' || !KEEPING.includes(kind)
    }).map((phase) => ({step: id, phase})),
  )

/** Park–Miller: the same numbers again for the same seed. 0 to 1. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
