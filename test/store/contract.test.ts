/** What every store owes its callers, on disk and in a bucket alike. */
import {beforeEach, describe, expect, test} from 'vitest'
import {systemClock} from '../../src/clock.ts'
import type {Unstamped} from '../../src/events/events.ts'
import {openBucket} from '../../src/store/bucket.ts'
import {
  forgetNode,
  listRuns,
  readLedger,
  readRoles,
  recordNode,
  writeRoles,
  writeRun,
} from '../../src/store/documents.ts'
import {gcsStore} from '../../src/store/gcs.ts'
import {acquireLock, breakLock, type LockDocument, type LockRequest} from '../../src/store/lock.ts'
import {openStore} from '../../src/store/open.ts'
import {type Store, update} from '../../src/store/store.ts'
import {lockRequest} from '../fakes/lock.ts'
import {usePlaces} from './places.ts'

const places = usePlaces()

describe.each(places.all)('a store %s', (_, place) => {
  let store: Store
  beforeEach(() => {
    store = openStore(place())
  })
  const request = (more: Partial<LockRequest> = {}) => lockRequest(store, more)

  test('gives back what was last written, under a version that changes with every write', async () => {
    expect(await store.read('roles')).toBeUndefined()
    const first = await store.write('roles', {epoch: 1}, {ifAbsent: true})
    expect(await store.read('roles')).toEqual({value: {epoch: 1}, version: first})
    const second = await store.write('roles', {epoch: 2}, {ifVersion: first})
    expect(second).not.toBe(first)
    expect((await store.read('roles'))?.value).toEqual({epoch: 2})
  })

  test.each([
    ['creating what exists', (it: Store) => it.write('d', 2, {ifAbsent: true})],
    ['writing over a version that is gone', (it: Store) => it.write('d', 2, {ifVersion: '0'})],
    ['removing a version that is gone', (it: Store) => it.remove('d', {ifVersion: '0'})],
    ['changing what was never written', (it: Store) => it.write('other', 2, {ifVersion: '1'})],
    ['removing what was never written', (it: Store) => it.remove('other', {ifVersion: '1'})],
  ])('calls %s a conflict and changes nothing', async (__, attempt) => {
    await store.write('d', 1, {ifAbsent: true})
    await expect(attempt(store)).rejects.toMatchObject({code: 'STORE_CONFLICT'})
    expect((await store.read('d'))?.value).toBe(1)
    expect(await store.list('')).toEqual(['d'])
  })

  test('forgets what is removed, and never gives a version twice', async () => {
    const version = await store.write('d', 1, {ifAbsent: true})
    await store.remove('d', {ifVersion: version})
    expect(await store.read('d')).toBeUndefined()
    expect(await store.list('')).toEqual([])
    expect(await store.write('d', 2, {ifAbsent: true})).not.toBe(version)
  })

  test('lets each of ten writers at once add exactly its own', async () => {
    await Promise.all(Array.from({length: 10}, () => update<number>(store, 'counter', (now = 0) => now + 1)))
    expect((await store.read('counter'))?.value).toBe(10)
  })

  test('lists names by prefix, sorted, however many there are', async () => {
    for (const name of ['runs/b', 'runs/a', 'other', 'runs/d', 'runs/c', 'runs/e'])
      await store.write(name, 1, {ifAbsent: true})
    expect(await store.list('runs/')).toEqual(['runs/a', 'runs/b', 'runs/c', 'runs/d', 'runs/e'])
  })

  test.each(['../up', 'A', '', 'a//b', '/abs', '.hidden'])('refuses "%s" as a name', async (name) => {
    await expect((async () => store.read(name))()).rejects.toMatchObject({code: 'BUG'})
  })

  test('keeps the documents of an environment', async () => {
    await recordNode(store, 'cell-us-east1', {outputs: {endpoint: 'x'}, fingerprint: 'f', at: 1})
    await recordNode(store, 'data', {outputs: {}, fingerprint: 'g', at: 2})
    await forgetNode(store, 'data')
    expect(await readLedger(store)).toEqual({
      recorded: {'cell-us-east1': {endpoint: 'x'}},
      fingerprints: {'cell-us-east1': 'f'},
    })
    const roles = {epoch: 1, primary: 'us-east1', generations: {}, lost: [], drained: [], indexes: {}}
    await writeRoles(store, roles, undefined)
    await expect(writeRoles(store, roles, undefined)).rejects.toMatchObject({code: 'STORE_CONFLICT'})
    expect((await readRoles(store))?.value).toEqual(roles)
    await writeRun(store, {id: 'r1', operation: 'deploy', owner: 'ann', startedAt: 1})
    expect(await listRuns(store)).toEqual(['r1'])
  })

  test('gives the lock to exactly one of five that race', async () => {
    const racers = await Promise.allSettled(
      Array.from({length: 5}, (__, run) => acquireLock(request({run: `run-${run}`}))),
    )
    const [winner, ...more] = racers.filter((racer) => racer.status === 'fulfilled')
    expect(more).toEqual([])
    expect(racers.filter((racer) => racer.status === 'rejected').map((racer) => racer.reason.code)).toEqual(
      Array(4).fill('LOCK_HELD'),
    )
    await winner!.value.release()
  })

  test('takes the lock from nobody whose machine cannot be asked, until a person says so', async () => {
    const held = await acquireLock(request())
    const now = (await store.read<LockDocument>('lock'))!
    const foreign = {...now.value.holder!, host: {name: 'elsewhere', id: 'other'}}
    await store.write('lock', {fence: now.value.fence, holder: foreign}, {ifVersion: now.version})
    await expect(acquireLock(request({run: 'run-2'}))).rejects.toMatchObject({code: 'LOCK_HELD'})
    const events: Unstamped[] = []
    const later = {...systemClock, now: () => systemClock.now() + 120_000}
    await breakLock({store, clock: later, emit: (event) => events.push(event)})
    await expect(held.assertHeld()).rejects.toMatchObject({code: 'LOCK_LOST'})
    expect((await acquireLock(request({run: 'run-2'}))).fence).toBe(2)
    await held.release()
  })
})

describe('in a bucket', () => {
  const quick = () =>
    gcsStore(
      openBucket('bucket', {base: places.gcs.base}, async () => {}),
      `${places.number}/`,
    )

  test('a write whose answer was lost is found to be done, not taken for another run’s', async () => {
    const store = quick()
    let lost = 0
    places.gcs.trouble = (method) => (method === 'POST' && lost++ === 0 ? 'lost' : undefined)
    const version = await store.write('d', {run: 'mine'}, {ifAbsent: true})
    expect(lost).toBe(2)
    expect(await store.read('d')).toEqual({value: {run: 'mine'}, version})
  })

  test('a write whose answer was lost and that another run overwrote is a conflict', async () => {
    const store = quick()
    let tries = 0
    places.gcs.trouble = (method) => {
      if (method !== 'POST') return undefined
      tries += 1
      if (tries === 2)
        places.gcs.buckets
          .get('bucket')!
          .objects.set(`${places.number}/d.json`, {body: Buffer.from('2'), generation: 9, metadata: {}})
      return tries === 1 ? 'lost' : undefined
    }
    await expect(store.write('d', 1, {ifAbsent: true})).rejects.toMatchObject({code: 'STORE_CONFLICT'})
  })

  test.each([429, 500, 503])('status %i passes: it is tried again', async (status) => {
    const store = quick()
    let left = 2
    places.gcs.trouble = () => (left-- > 0 ? status : undefined)
    await store.write('d', 1, {ifAbsent: true})
    expect((await store.read('d'))?.value).toBe(1)
  })

  test.each([
    [401, 'gcloud auth application-default login'],
    [403, 'roles/storage.objectAdmin'],
  ])('status %i says what to do: %s', async (status, hint) => {
    places.gcs.trouble = () => status
    await expect(quick().read('d')).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      next: [expect.stringContaining(hint)],
    })
  })

  test('a bucket that is not there reads as empty and refuses to be written to', async () => {
    const store = openStore({url: 'gs://nowhere', access: {base: places.gcs.base}})
    expect(await store.read('roles')).toBeUndefined()
    expect(await store.list('')).toEqual([])
    await expect(store.write('roles', 1, {ifAbsent: true})).rejects.toMatchObject({code: 'STORE_UNREACHABLE'})
  })

  test('a document that is not JSON is refused with its address', async () => {
    places.gcs.buckets
      .get('bucket')!
      .objects.set(`${places.number}/d.json`, {body: Buffer.from('{'), generation: 9, metadata: {}})
    await expect(quick().read('d')).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining(`gs://bucket/${places.number}/d.json`),
    })
  })
})
