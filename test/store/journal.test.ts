/** What every keeper of journals owes an operation, on disk and in a bucket alike. */
import {readFileSync} from 'node:fs'
import {beforeEach, describe, expect, test} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import {openJournal} from '../../src/operations/journal.ts'
import {type JournalStore, openJournals} from '../../src/store/journal.ts'
import {usePlaces} from './places.ts'

const places = usePlaces()

describe.each(places.all)('journals %s', (_, place) => {
  let journals: JournalStore
  beforeEach(() => {
    journals = openJournals(place())
  })

  test('have no lines before the first', async () => {
    expect(await journals.read('run')).toEqual([])
  })

  test('give back every line in order, each run its own', async () => {
    const lines = Array.from({length: 12}, (_, number) => `{"line":${number}}`)
    for (const [number, line] of lines.entries()) await journals.append('run', number, line)
    await journals.append('run-2', 0, '{}')
    expect(await openJournals(place()).read('run')).toEqual(lines)
    expect(await journals.read('run-2')).toEqual(['{}'])
  })

  test('of two who write the same line one is refused, and the line stays the other’s', async () => {
    await journals.append('run', 0, '{"by":"first"}')
    await expect(openJournals(place()).append('run', 0, '{"by":"second"}')).rejects.toMatchObject({
      code: 'STORE_CONFLICT',
    })
    expect(await journals.read('run')).toEqual(['{"by":"first"}'])
  })

  test('carry an operation’s chain from one process to the next', async () => {
    const first = await openJournal(journals, 'run', systemClock)
    await first.write({what: 'intent', step: 'stop'})
    const next = await openJournal(openJournals(place()), 'run', systemClock)
    await next.write({what: 'done', step: 'stop', already: false, facts: {stoppedAt: 1}})
    // Whoever was thought dead may go on no more.
    await expect(first.write({what: 'intent', step: 'promote'})).rejects.toMatchObject({code: 'STORE_CONFLICT'})
    const {what, number} = (await openJournal(journals, 'run', systemClock)).entries().at(-1)!
    expect({what, number}).toEqual({what: 'done', number: 1})
  })

  test('keep a file beside the lines, which is none of them', async () => {
    await journals.append('run', 0, '{}')
    const where = await journals.keep('run', 'orphans.json', '[1]')
    expect(where).toMatch(/orphans\.json$/)
    expect(await journals.read('run')).toEqual(['{}'])
    if (where.startsWith('/')) expect(readFileSync(where, 'utf8')).toBe('[1]')
    else {
      const object = encodeURIComponent(where.replace(/^gs:\/\/bucket\//, ''))
      expect(await (await fetch(`${places.gcs.base}/storage/v1/b/bucket/o/${object}?alt=media`)).text()).toBe('[1]')
    }
  })
})

test('a line whose answer was lost is written once, by whoever tried it', async () => {
  const journals = openJournals({url: `gs://bucket/lost-${places.number}`, access: {base: places.gcs.base}})
  let answers = 0
  places.gcs.trouble = (method) => (method === 'POST' && answers++ === 0 ? 'lost' : undefined)
  await journals.append('run', 0, '{}')
  expect(answers).toBe(2)
  expect(await journals.read('run')).toEqual(['{}'])
})
