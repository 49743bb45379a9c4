/** The records that the Auth Proxies follow. */
import type {Deed} from '../means.ts'
import type {StepInputs} from '../plan.ts'

export const moveRecord: Deed<StepInputs['move-record']> = {
  async observe({record, to}, {cloud}) {
    return {done: (await cloud.record(record)) === to}
  },
  async act({record, to}, {cloud, clock}) {
    await cloud.moveRecord(record, await cloud.record(record), to)
    return {movedAt: clock.now()}
  },
  async undo({record, to, back}, {cloud}) {
    if (back !== undefined && (await cloud.record(record)) === to) await cloud.moveRecord(record, to, back)
  },
}
