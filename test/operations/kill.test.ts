/**
 * Every procedure is killed at every point: before a step's intent, after it, after the act whose answer is lost, before the done,
 * after it. However it goes on from there, there is one primary and everything agrees on it.
 */
import {appendFileSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {fileJournals} from '../../src/store/journal.ts'
import {type Begun, expectDone, expectUndone, isOver, PROCEDURES, servable} from './procedures.ts'

/** Runs it until `left` lasting things are done, the last of them with its answer lost or not at all; whether it was killed. */
async function killed({it, plan}: Begun, left: number, after: boolean): Promise<boolean> {
  it.fuse = {left, after}
  const died = await it.run(plan, 'fresh').then(
    () => false,
    () => true,
  )
  it.fuse = undefined
  return died
}

/** Kills at every point in turn; `then` is told where. */
async function atEveryPoint(
  begin: () => Promise<Begun>,
  after: boolean,
  then: (begun: Begun, where: string) => Promise<void>,
): Promise<readonly string[]> {
  const points: string[] = []
  for (let left = 1; ; left++) {
    const begun = await begin()
    if (!(await killed(begun, left, after))) return points
    // One that fails by itself would be taken for killed for ever.
    if (left > 500) throw new Error('It never comes to its end.')
    const where = `${after ? 'after' : 'before'} ${left}: ${begun.it.deeds.at(-1)}`
    points.push(begun.it.deeds.at(-1)!)
    try {
      expect(servable(begun.it).length).toBeLessThanOrEqual(1)
      await then(begun, where)
    } catch (error) {
      throw new Error(`Killed ${where}: ${(error as Error).message}`, {cause: error})
    }
  }
}

function signalOf() {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return {given, give}
}

/** How often an operation is looked at before it has happened, and whether the last deed was done: those that are not done at once go on after the kill. */
const KINDS = [
  [0, false],
  [0, true],
  [3, true],
] as const
const withLooks = (begin: () => Promise<Begun>, looks: number) => async () => {
  const begun = await begin()
  begun.it.cloud.looks = looks
  return begun
}

describe.each(PROCEDURES)('%s', (_, begin) => {
  test('comes to its end', async () => {
    const begun = await begin()
    await begun.it.run(begun.plan, 'fresh')
    await expectDone(begun)
  })

  describe.each(KINDS)('operations take %i looks, the last deed done: %s', (looks, after) => {
    const start = withLooks(begin, looks)

    test('killed at every point and resumed', async () => {
      const points = await atEveryPoint(start, after, async (begun) => {
        await begun.it.run(begun.plan, 'resumed')
        await expectDone(begun)
      })
      const {plan} = await begin()
      for (const {id} of plan.steps) expect(points, `${id} was never killed at its done`).toContain(`write done ${id}`)
    })

    test('killed at every point and taken back, or finished when too late', async () => {
      await atEveryPoint(start, after, async (begun) => {
        const {it, plan} = begun
        const outcome = await it.abort(plan).then(
          () => 'undone',
          ({code}) => code,
        )
        if (outcome === 'undone') {
          expect(isOver(begun)).toBe(false)
          return expectUndone(begun)
        }
        expect(outcome).toBe('OPERATION_INCOMPLETE')
        expect(isOver(begun)).toBe(true)
        await it.run(plan, 'resumed')
        return expectDone(begun)
      })
    })

    test('killed at every point, its journal lost: resumed it is finished, or taken back', async () => {
      await atEveryPoint(start, after, async (begun) => {
        begun.it.forget()
        const outcome = await begun.it.run(begun.plan, 'resumed').then(
          () => 'done',
          ({code}) => code,
        )
        if (outcome === 'done') return expectDone(begun, {journalLost: true})
        expect(outcome).toBe('OPERATION_UNCHANGED')
        return expectUndone(begun)
      })
    })
  })

  test('killed twice: resumed, killed at every point again, and resumed', async () => {
    await atEveryPoint(begin, true, async (begun) => {
      const {it, plan} = begun
      it.fuse = {left: 7, after: false}
      await it.run(plan, 'resumed').catch(() => {})
      it.fuse = undefined
      await it.run(plan, 'resumed')
      await expectDone(begun)
    })
  })

  test.each([false, true])(
    'asleep at every point (deed done: %s) while another resumes it, it does no more harm',
    async (after) => {
      for (let left = 1; ; left++) {
        const begun = await begin()
        const {it, plan} = begun
        const [asleep, awake] = [signalOf(), signalOf()]
        it.fuse = {left, after, sleep: {until: awake.given, begun: asleep.give}}
        const sleeper = it.run(plan, 'fresh').then(
          () => 'done',
          ({code}) => code,
        )
        if ((await Promise.race([asleep.given, sleeper])) === 'done') break
        const last = it.deeds.at(-1)!
        const where = `asleep ${after ? 'after' : 'before'} ${left}: ${last}`
        await it.run(plan, 'resumed')
        awake.give()
        const outcome = await sleeper
        if (last !== 'write finished') expect(['LOCK_LOST', 'STORE_CONFLICT'], where).toContain(outcome)
        // What was on its way to the cloud when it fell asleep lands all the same, where the cloud knows no condition for it.
        const readersAstray = !after && last.startsWith('move db-ro-')
        const fencedAwake = !after && last === 'begin start'
        await expectDone(begun, {readersAstray, fencedAwake}).catch((error) => {
          throw new Error(`${where}: ${error.message}`, {cause: error})
        })
      }
    },
  )
})

test('a line torn by the kill is written over on disk, at every line', async () => {
  const begin = PROCEDURES[0]![1]
  const folder = mkdtempSync(join(tmpdir(), 'ha-journal-'))
  onTestFinished(() => rmSync(folder, {recursive: true}))
  let runs = 0
  await atEveryPoint(
    async () => {
      const begun = await begin()
      Object.assign(begun.it, {operation: `run-${runs++}`, journals: fileJournals(folder)})
      return begun
    },
    true,
    async (begun, where) => {
      if (!where.includes('write')) return
      const path = join(folder, begun.it.operation, 'journal.jsonl')
      const line = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)!
      appendFileSync(path, line.slice(0, line.length / 2))
      await begun.it.run(begun.plan, 'resumed')
      await expectDone(begun)
    },
  )
  expect(runs).toBeGreaterThan(40)
})
