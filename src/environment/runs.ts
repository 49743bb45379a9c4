/** What is recorded of earlier runs, told together with who is at work now. */
import {nearest} from '../config/nearest.ts'
import {HaError} from '../errors.ts'
import type {RunSeen} from '../report/runs.ts'
import {listRuns, type RunDocument, readRun} from '../store/documents.ts'
import {isDead, observeLock} from '../store/lock.ts'
import type {Store} from '../store/store.ts'

/** Newest first, at most `limit`. */
export async function recentRuns(store: Store, limit: number): Promise<readonly RunSeen[]> {
  const ids = (await listRuns(store)).toReversed().slice(0, limit)
  const [runs, active] = await Promise.all([Promise.all(ids.map((id) => readRun(store, id))), activeRun(store)])
  return runs.filter((run) => run !== undefined).map((run) => ({...run, active: run.id === active}))
}

/** @throws HaError USAGE when there is no such run. */
export async function oneRun(store: Store, id: string): Promise<RunDocument & RunSeen> {
  const known = await listRuns(store)
  const run = known.includes(id) ? await readRun(store, id) : undefined
  if (run) return {...run, active: run.id === (await activeRun(store))}
  const meant = nearest(id, known)
  throw new HaError('USAGE', `No run ${id} is recorded.`, {
    next: [meant ? `Did you mean ${meant}?` : 'ha runs lists them.'],
  })
}

async function activeRun(store: Store): Promise<string | undefined> {
  const {holder} = await observeLock(store)
  return holder && !isDead(holder) ? holder.run : undefined
}
