/** Epochs in the database itself, and the old primary kept from ever writing again. */
import {asHaError} from '../../errors.ts'
import {withFence} from '../fences.ts'
import type {Deed, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {carryOut, type Waiting} from '../waits.ts'
import {notedFork} from './fork.ts'

const REPLAY_MS = 30_000
const STOP_MS = 2 * 60_000

const CREATE = `CREATE TABLE IF NOT EXISTS ha_fence
  (epoch bigint PRIMARY KEY, instance text NOT NULL, run text NOT NULL, at timestamptz NOT NULL DEFAULT now())`

/** Idempotent. The row is what every later primary must have: it shows that its history contains this change of roles. */
export const fenceRow = (epoch: number, instance: string, run: string): string =>
  `${CREATE}; INSERT INTO ha_fence (epoch, instance, run) VALUES (${epoch}, '${instance}', '${run}')
   ON CONFLICT (epoch) DO UPDATE SET instance = excluded.instance, run = excluded.run, at = now()`

/** Whether `instance` has the row of this run. */
export async function hasFence({cloud, journal}: Means, instance: string, epoch: number): Promise<boolean> {
  const [[table] = []] = await cloud.query(instance, `SELECT to_regclass('ha_fence') IS NOT NULL`)
  if (table !== 't') return false
  const rows = await cloud.query(instance, `SELECT 1 FROM ha_fence WHERE epoch = ${epoch} AND run = '${journal.run}'`)
  return rows.length > 0
}

/** Written by the old primary and waited for on the replica, so that the way between them is proven just before it is needed. */
export const writeFence: Deed<StepInputs['write-fence']> = {
  settleMs: REPLAY_MS,
  observe: async ({replica, epoch}, means) => ({done: await hasFence(means, replica, epoch)}),
  async act({primary, replica, epoch}, {cloud, journal}) {
    await cloud.query(primary, fenceRow(epoch, replica, journal.run))
    const {lsn} = await cloud.position(primary)
    return {lsn}
  },
}

/** Best effort: one that is out of reach stays pending, and every later command of ha tries again. */
export const fenceOld: Deed<StepInputs['fence-old']> = {
  async act({instance, region, epoch}, means) {
    const state = await stopForGood(means, instance)
    const since = means.clock.now()
    // When this very run promoted another; before that it was known already, should the promotion's answer be lost.
    const entries = means.journal.entries()
    const fork = ['promote', 'last-record', 'replay'].map((step) => notedFork(entries, step)).find((it) => it)
    await means.fences.change((now) => withFence(now, {instance, region, epoch, since, state, ...fork}))
    return {state}
  },
}

/** Stops it when it can be reached; never throws for its absence. */
export async function stopForGood(means: Waiting, instance: string): Promise<'pending' | 'confirmed'> {
  try {
    const facts = (await means.cloud.instances()).find(({name}) => name === instance)
    if (!facts) return 'confirmed'
    if (facts.active) {
      if (facts.state === 'UNKNOWN') return 'pending'
      await carryOut(means, {deed: 'stop', instance}, STOP_MS)
    }
    return 'confirmed'
  } catch (thrown) {
    if (['CLOUD_UNREACHABLE', 'CLOUD_REFUSED', 'TIMED_OUT'].includes(asHaError(thrown).code)) return 'pending'
    throw thrown
  }
}
