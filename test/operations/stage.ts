/** An operation on a cloud in memory, which can be killed, or fall asleep, between any two things it does. */
import type {GateWord, Redelivery, SqlDeed} from '../../src/cloud/operable.ts'
import {HaError} from '../../src/errors.ts'
import {execute, undo} from '../../src/operations/execute.ts'
import type {Fence} from '../../src/operations/fences.ts'
import {openJournal} from '../../src/operations/journal.ts'
import type {Means} from '../../src/operations/means.ts'
import type {Plan} from '../../src/operations/plan.ts'
import {LOOK_MS, observeScene} from '../../src/operations/scene.ts'
import type {JournalStore} from '../../src/store/journal.ts'
import {conflict} from '../../src/store/store.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import type {Roles} from '../../src/topology/topology.ts'
import {hastyClock} from '../fakes/clock.ts'
import {exampleConfig} from '../fakes/config.ts'
import {type FakeCloud, fakeCloud} from '../fakes/operable.ts'

export const FROM = 'us-east1'
export const TO = 'europe-west1'

/** What happens when so many lasting things were done: the next is not done, or `after`: it is done, and its answer is lost. */
export interface Fuse {
  left: number
  readonly after: boolean
  /** Instead of being killed it sleeps until then, and goes on as if nothing had happened. */
  readonly sleep?: {readonly until: Promise<void>; readonly begun: () => void}
}

export interface Stage {
  readonly cloud: FakeCloud
  readonly config: ReturnType<typeof exampleConfig>
  roles: Roles
  fences: readonly Fence[]
  reconciled: number
  fuse: Fuse | undefined
  /** Names the journal; every operation needs one of its own. */
  operation: string
  /** The lasting things done or tried so far, as words. */
  readonly deeds: string[]
  journals: JournalStore
  run(plan: Plan, how: 'fresh' | 'resumed'): Promise<void>
  abort(plan: Plan): Promise<void>
  /** Of a process of its own, which takes the lock over from the one before. */
  means(): Promise<Means>
  lines(): Promise<readonly string[]>
  /** Loses the journal. */
  forget(): void
  /** Files kept beside the journal, by name. */
  readonly kept: Map<string, string>
}

/** As on disk, but for the disk. */
function memoryJournals(): JournalStore & {readonly kept: Map<string, string>; forget(run: string): void} {
  const lines = new Map<string, string[]>()
  const kept = new Map<string, string>()
  return {
    kept,
    forget: (run) => void lines.delete(run),
    read: async (run) => [...(lines.get(run) ?? [])],
    async append(run, number, line) {
      const written = lines.get(run) ?? []
      if (written.length !== number) throw conflict(`${run}/journal`)
      lines.set(run, written)
      written.push(line)
    },
    async keep(_, name, text) {
      kept.set(name, text)
      return name
    },
  }
}

/** What changes the cloud; everything else only asks. */
const nameOfCall = (name: string, [first, , third]: readonly unknown[]): string | undefined => {
  if (name === 'begin') return `begin ${(first as SqlDeed).deed}`
  if (name === 'moveRecord') return `move ${first} to ${third}`
  if (name === 'redeliver') return `redeliver ${(first as Redelivery).subscription}`
  if (name === 'setRotation') return 'change shares'
  if (name === 'setGate') return `tell gates ${(first as GateWord).state}`
  return undefined
}
const isInsert = (name: string, [, sql]: readonly unknown[]) => name === 'query' && String(sql).includes('INSERT')

export function stage(preset: 'standard' | 'critical' = 'standard', regions = [FROM, TO]): Stage {
  const memory = memoryJournals()
  // With gates, which come with the observer.
  const config = exampleConfig({
    preset,
    regions,
    target: 'local',
    observer: {image: 'example.test/ha-observer:1', canary: {}},
  })
  const roles = initialRoles(config)
  const cloud = fakeCloud(deriveTopology(config, roles))
  const clock = hastyClock()
  const signal = new AbortController().signal
  let holder = 0

  const it: Stage = {
    ...{cloud, config, roles, fences: [], reconciled: 0, fuse: undefined, operation: 'run-1', deeds: []},
    ...{journals: memory, kept: memory.kept},
    async means() {
      const self = ++holder
      let dead = false
      const die = () => {
        dead = true
        throw new Error('killed')
      }
      const burnt = async (fuse: Fuse) => {
        if (!fuse.sleep) return die()
        it.fuse = undefined
        fuse.sleep.begun()
        await fuse.sleep.until
      }
      const alive = <T>(deed: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Error('killed')) : deed())
      // Everything that lasts goes through here: once it is dead, nothing of it is done any more.
      const spark = (name: string, deed: () => Promise<unknown>): Promise<unknown> =>
        alive(async () => {
          it.deeds.push(name)
          const {fuse} = it
          if (!fuse || --fuse.left > 0) return deed()
          if (!fuse.after) await burnt(fuse)
          const answer = await deed()
          if (fuse.after) await burnt(fuse)
          return answer
        })
      const lasting = <A extends unknown[], R>(name: string, deed: (...args: A) => Promise<R>) =>
        ((...args: A) => spark(name, () => deed(...args))) as (...args: A) => Promise<R>

      const journal = await openJournal(
        {
          ...it.journals,
          append: (run, number, line) => {
            const {what, step} = JSON.parse(line)
            return spark(`write ${what} ${step ?? ''}`.trim(), () =>
              it.journals.append(run, number, line),
            ) as Promise<void>
          },
          keep: lasting('keep', it.journals.keep),
        },
        it.operation,
        clock,
      )
      const wrapped = Object.fromEntries(
        Object.entries(cloud).map(([name, value]) => {
          if (typeof value !== 'function') return [name, value]
          const call = (...args: unknown[]) =>
            (cloud[name as 'query'] as (...args: unknown[]) => Promise<unknown>)(...args)
          return [
            name,
            (...args: unknown[]) => {
              const lasts = nameOfCall(name, args) ?? (isInsert(name, args) ? `insert at ${args[0]}` : undefined)
              return lasts === undefined ? alive(() => call(...args)) : spark(lasts, () => call(...args))
            },
          ]
        }),
      )
      const assertHeld = () =>
        alive(async () => {
          if (self !== holder) throw new HaError('LOCK_LOST', 'Somebody else goes on with it.')
        })
      return {
        ...{cloud: wrapped as unknown as FakeCloud, clock, emit: () => {}, signal, journal, assertHeld},
        roles: {
          read: () => alive(async () => it.roles),
          async change(change) {
            const now = it.roles
            await assertHeld()
            return lasting('change roles', async () => {
              if (it.roles !== now) throw conflict('roles')
              it.roles = change(now)
              return it.roles
            })()
          },
        },
        fences: {
          read: () => alive(async () => it.fences),
          async change(change) {
            const now = it.fences
            await assertHeld()
            return lasting('change fences', async () => {
              if (it.fences !== now) throw conflict('fences')
              it.fences = change(now)
            })()
          },
        },
        reconcile: lasting('reconcile', async () => {
          it.reconciled += 1
          return 'nothing replaced'
        }),
      }
    },
    async run(plan, how) {
      const means = await it.means()
      await means.journal.write(how === 'fresh' ? {what: 'planned', plan, fence: 1} : {what: 'resumed', fence: 2})
      await execute(plan, means, how)
    },
    async abort(plan) {
      const means = await it.means()
      await means.journal.write({what: 'aborting', fence: 3})
      await undo(plan, means)
    },
    lines: () => it.journals.read(it.operation),
    forget: () => memory.forget(it.operation),
  }
  return it
}

export const topologyOf = ({config, roles}: Pick<Stage, 'config' | 'roles'>) => deriveTopology(config, roles)
export const sceneOf = (it: Stage) => observeScene(it.cloud, topologyOf(it), LOOK_MS.planned)
