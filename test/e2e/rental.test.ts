/** The rental template's own processes, on PostgreSQL and the emulated Pub/Sub, without ha: they are killed, and nothing is lost. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {fileURLToPath} from 'node:url'
import {PubSub} from '@google-cloud/pubsub'
import {afterAll, beforeAll, expect, onTestFinished, test, vi} from 'vitest'
import {createPubSubService, type PubSubService} from '../../src/emulator/pubsub/service.ts'
import {testWorld} from '../emulator/pubsub/world.ts'
import {freePort, type Postgres, startPostgres} from '../templates/postgres.ts'

const QUEUES = ['bookings', 'pricing', 'webhooks']
const TEMPLATES = fileURLToPath(new URL('../../templates', import.meta.url))
const world = testWorld()
let pubsub: PubSubService
let postgres: Postgres

beforeAll(async () => {
  postgres = await startPostgres()
  pubsub = createPubSubService(world)
  await pubsub.start!()
  const google = new PubSub({projectId: 'p', apiEndpoint: pubsub.address, emulatorMode: true})
  for (const queue of QUEUES) {
    const [topic] = await google.createTopic(queue)
    await topic.createSubscription(queue, {ackDeadlineSeconds: 10})
  }
  await google.close()
}, 60_000)
afterAll(async () => {
  await pubsub.stop!()
  await postgres.dispose()
  world.remove()
})

/** Starts one of the template's processes; killed at the end of the test. */
function start(template: string, args: string[], more: Record<string, string> = {}): ChildProcess {
  const queueEnv = QUEUES.flatMap((queue) => [
    [`QUEUE_${queue.toUpperCase()}_TOPIC`, `projects/p/topics/${queue}`],
    [`QUEUE_${queue.toUpperCase()}_SUBSCRIPTION`, `projects/p/subscriptions/${queue}`],
  ])
  const env = {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    HA_REGION: 'r1',
    DATABASE_URL: postgres.url,
    PUBSUB_EMULATOR_HOST: pubsub.address,
    ...Object.fromEntries(queueEnv),
    ...more,
  }
  const child = spawn(process.execPath, args, {cwd: `${TEMPLATES}/${template}`, env, stdio: 'ignore'})
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  })
  return child
}

async function startApi(template: string) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = start(template, ['src/api.js'], {PORT: String(port)})
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {timeout: 10_000})
  return {url, child}
}

const migrated = async (template: string) =>
  expect((await once(start(template, ['src/migrate.js']), 'exit'))[0]).toBe(0)

test('killed processes lose no acknowledged booking, and every effect happens once', {timeout: 90_000}, async () => {
  await migrated('rental')
  const slow = {CHANNEL_LATENCY_MS: '50'}
  const [steady, doomed] = await Promise.all([startApi('rental'), startApi('rental')])
  const workers = [1, 2].map(() => start('rental', ['src/worker.js', 'booking-sync'], slow))
  const acknowledged: string[] = []
  const book = async (n: number) => {
    const body = JSON.stringify({listing: `l${n}`, guest: 'Ada', arrives: '2030-05-01', leaves: '2030-05-02'})
    const headers = {'idempotency-key': `key-${n}`}
    // As the load balancer would: where one does not answer, the other is asked.
    for (const {url} of n % 2 === 0 ? [doomed, steady] : [steady]) {
      const response = await fetch(`${url}/bookings`, {method: 'POST', body, headers}).catch(() => undefined)
      if (response?.ok) return acknowledged.push(((await response.json()) as {id: string}).id)
    }
    return undefined
  }
  for (let round = 0; round < 10; round++) {
    const booking = Promise.all(Array.from({length: 10}, (_, i) => book(round * 10 + i)))
    if (round === 4) doomed.child.kill('SIGKILL')
    if (round === 6) workers[0]!.kill('SIGKILL')
    await booking
  }
  start('rental', ['src/worker.js', 'booking-sync'], slow)
  expect(acknowledged).toHaveLength(100)
  const sums = async () => (await fetch(`${steady.url}/effects?consistency=strong`)).json()
  await vi.waitFor(async () => expect(await sums()).toMatchObject({bookingsTold: 100, unsent: 0}), {
    timeout: 40_000,
    interval: 200,
  })
  for (const id of acknowledged) expect((await fetch(`${steady.url}/effects/booking:${id}`)).status).toBe(200)
  workers[1]!.kill('SIGTERM')
  expect(await once(workers[1]!, 'exit')).toEqual([0, null])
  steady.child.kill('SIGTERM')
  expect(await once(steady.child, 'exit')).toEqual([0, null])
})

test('the minimal template stores and lists notes', async () => {
  await migrated('minimal')
  const {url, child} = await startApi('minimal')
  const stored = await fetch(url, {method: 'POST', body: 'a note'})
  expect([stored.status, await stored.json()]).toEqual([201, {id: expect.any(String), text: 'a note'}])
  expect(await (await fetch(url)).json()).toMatchObject([{text: 'a note'}])
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
