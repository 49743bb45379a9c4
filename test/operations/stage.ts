/** An operation on a cloud in memory, with a journal on disk, which can be killed between any two things it does. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execute} from '../../src/operations/execute.ts'
import type {Fence} from '../../src/operations/fences.ts'
import {openJournal} from '../../src/operations/journal.ts'
import type {Means} from '../../src/operations/means.ts'
import type {Plan} from '../../src/operations/plan.ts'
import {observeScene} from '../../src/operations/scene.ts'
import {fileJournals} from '../../src/store/journal.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import type {Roles} from '../../src/topology/topology.ts'
import {hastyClock} from '../fakes/clock.ts'
import {exampleConfig} from '../fakes/config.ts'
import {type FakeCloud, fakeCloud} from '../fakes/operable.ts'

export const FROM = 'us-east1'
export const TO = 'europe-west1'

export interface Stage {
  readonly cloud: FakeCloud
  readonly config: ReturnType<typeof exampleConfig>
  roles: Roles
  fences: readonly Fence[]
  reconciled: number
  /** How many things the next run may do before it dies; `after`: it dies once the thing is done, its answer lost. */
  fuse: {left: number; after: boolean} | undefined
  readonly folder: string
  run(plan: Plan, how: 'fresh' | 'resumed'): Promise<void>
  means(): Promise<Means>
  lines(): Promise<readonly string[]>
  [Symbol.dispose](): void
}

export function stage(preset: 'standard' | 'critical' = 'standard'): Stage {
  const config = exampleConfig({preset})
  const roles = initialRoles(config)
  const cloud = fakeCloud(deriveTopology(config, roles))
  const folder = mkdtempSync(join(tmpdir(), 'ha-operation-'))
  const journals = fileJournals(folder)
  const clock = hastyClock()
  const signal = new AbortController().signal

  const it: Stage = {
    ...{cloud, config, roles, fences: [], reconciled: 0, fuse: undefined, folder},
    async means() {
      let dead = false
      // Everything that lasts goes through here: once it is dead, nothing of it is done any more.
      const spark = async <T>(deed: () => Promise<T>): Promise<T> => {
        if (dead) throw new Error('killed')
        if (!it.fuse) return deed()
        it.fuse.left -= 1
        if (it.fuse.left >= 0) return deed()
        dead = true
        if (it.fuse.after) await deed()
        throw new Error('killed')
      }
      const alive = <T>(deed: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Error('killed')) : deed())
      const journal = await openJournal(
        {...journals, append: (...args) => spark(() => journals.append(...args))},
        'run-1',
        clock,
      )
      const wrapped = Object.fromEntries(
        Object.entries(cloud).map(([name, value]) => {
          if (typeof value !== 'function') return [name, value]
          const lasts = ['begin', 'moveRecord', 'setRotation'].includes(name)
          const call = value as (...args: unknown[]) => Promise<unknown>
          return [name, (...args: unknown[]) => (lasts ? spark(() => call(...args)) : alive(() => call(...args)))]
        }),
      )
      return {
        ...{
          cloud: wrapped as unknown as FakeCloud,
          clock,
          emit: () => {},
          signal,
          journal,
          assertHeld: () => alive(async () => {}),
        },
        roles: {
          read: async () => it.roles,
          change: (change) =>
            spark(async () => {
              it.roles = change(it.roles)
              return it.roles
            }),
        },
        fences: {
          read: async () => it.fences,
          change: (change) =>
            spark(async () => {
              it.fences = change(it.fences)
            }),
        },
        reconcile: () =>
          spark(async () => {
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
    lines: () => journals.read('run-1'),
    [Symbol.dispose]: () => rmSync(folder, {recursive: true, force: true}),
  }
  return it
}

export const topologyOf = ({config, roles}: Pick<Stage, 'config' | 'roles'>) => deriveTopology(config, roles)
export const sceneOf = (it: Stage) => observeScene(it.cloud, topologyOf(it))
