/** The records that the Auth Proxies follow. */
import type {Deed} from '../means.ts'
import type {StepInputs} from '../plan.ts'

export const moveRecord: Deed<StepInputs['move-record']> = {
  async observe({record, to}, {cloud}) {
    return {done: (await cloud.record(record)) === to}
  },
  async act({record, to}, {cloud, clock, assertHeld}) {
    const from = await cloud.record(record)
    // After the reading that the change is conditional on: whoever took over since has changed it, or is seen here.
    await assertHeld()
    await cloud.moveRecord(record, from, to)
    return {movedAt: clock.now()}
  },
  async undo({record, to, back}, {cloud}) {
    if (back !== undefined && (await cloud.record(record)) === to) await cloud.moveRecord(record, to, back)
  },
}
