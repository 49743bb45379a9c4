/** The engine's state brought in line with the world, and proof that it would replace nothing. */
import type {Deed} from '../means.ts'
import type {StepInputs} from '../plan.ts'

/** Cheap when nothing is left to do, so it is simply done again. */
export const reconcile: Deed<StepInputs['reconcile']> = {
  async act({leave = []}, {reconcile: bring}) {
    return {proof: await bring(leave)}
  },
}
