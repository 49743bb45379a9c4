/** Cloud Storage's JSON API and Pulumi's buckets, one set of records; titles are the headings of BEHAVIOUR.md. */
import {readFileSync} from 'node:fs'
import type {FastifyInstance} from 'fastify'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {createGoogleapis} from '../../../src/emulator/googleapis.ts'
import {openBucket} from '../../../src/store/bucket.ts'
import {engine, openWorld} from '../provider/world.ts'

const BUCKET = 'gcp:storage/bucket:Bucket'
const inputs = {name: 'stay-gate', location: 'EU', forceDestroy: false}

let world: ReturnType<typeof openWorld>
let server: FastifyInstance
let base: string
beforeEach(async () => {
  world = openWorld()
  server = createGoogleapis(
    () => {},
    () => true,
  )
  for (const service of world.services) service.routes?.(server)
  base = await server.listen({host: '127.0.0.1', port: 0})
})
afterEach(async () => {
  await server.close()
  world.close()
})

async function pulumi() {
  const session = world.provider.connect()
  await session.configure({project: 'demo'})
  return engine(session)
}

test('an object is written and removed only at the generation that is asked for', async () => {
  await (await pulumi()).create(BUCKET, {...inputs})
  const bucket = openBucket('stay-gate', {base})
  const first = await bucket.put('gate.json', '{"a":1}', '0')
  expect(first).toMatch(/^\d{16}$/)
  expect(await bucket.put('gate.json', '{"a":2}', '0')).toBeUndefined()
  const second = await bucket.put('gate.json', '{"a":2}', first)
  expect(Number(second)).toBeGreaterThan(Number(first))
  expect(await bucket.get('gate.json')).toEqual({text: '{"a":2}', generation: second})
  expect(await bucket.remove('gate.json', first)).toBe(false)
  expect(await bucket.remove('gate.json', second)).toBe(true)
  expect(await bucket.get('gate.json')).toBeUndefined()
})

test('an object is whatever text it is, and is listed by its prefix', async () => {
  await (await pulumi()).create(BUCKET, {...inputs})
  const bucket = openBucket('stay-gate', {base})
  for (const [name, text] of [
    ['a/1', 'not JSON {'],
    ['a/2', ''],
    ['b/1', '"x"'],
  ] as const)
    await bucket.put(name, text)
  expect(await bucket.list('a/')).toEqual(['a/1', 'a/2'])
  expect((await bucket.get('a/1'))?.text).toBe('not JSON {')
})

test('a bucket that is not there has no objects and takes none', async () => {
  const answer = await fetch(`${base}/storage/v1/b/none/o/gate.json?alt=media`)
  expect(answer.status).toBe(404)
  expect(await answer.json()).toMatchObject({error: {code: 404}})
  await expect(openBucket('none', {base}).put('gate.json', '')).rejects.toMatchObject({code: 'STORE_UNREACHABLE'})
})

test('a bucket that holds objects is not deleted unless it is forced', async () => {
  const it = await pulumi()
  const {id, outputs} = await it.create(BUCKET, {...inputs})
  const bucket = openBucket('stay-gate', {base})
  await bucket.put('gate.json', '{}')
  await expect(it.delete(BUCKET, id, outputs)).rejects.toThrow('not empty')
  await it.delete(BUCKET, id, {...outputs, forceDestroy: true})
  await it.create(BUCKET, {...inputs})
  expect(await bucket.get('gate.json')).toBeUndefined()
})

test('every behaviour of Cloud Storage has a test of the same name', () => {
  const spec = readFileSync(new URL('../../../src/emulator/BEHAVIOUR.md', import.meta.url), 'utf8')
  const section = spec.split(/^## /m).find((each) => each.startsWith('Cloud Storage\n'))!
  const headings = [...section.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)
  const own = readFileSync(new URL(import.meta.url), 'utf8')
  expect(headings.length).toBe(4)
  expect(headings.filter((heading) => !own.includes(`'${heading}'`))).toEqual([])
})
