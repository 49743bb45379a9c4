/** The emulated Pub/Sub is killed at random moments under load; the ledger is kept out here. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync, statSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {type Client, credentials, Metadata} from '@grpc/grpc-js'
import {afterAll, expect, test} from 'vitest'
import {loadServices} from '../../src/emulator/pubsub/grpc/protos.ts'

const HOST = fileURLToPath(new URL('./pubsub-host.ts', import.meta.url))
const ROUNDS = 8
const TOPIC = 'projects/p/topics/bookings'
const SUBSCRIPTION = 'projects/p/subscriptions/worker'

const dir = mkdtempSync(join(tmpdir(), 'ha-pubsub-kill-'))
const releases: (() => void)[] = [() => rmSync(dir, {recursive: true, force: true})]
afterAll(() => {
  for (const release of releases.reverse()) release()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  server.close()
  await once(server, 'close')
  return port
}

async function startHost(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [HOST, dir, String(port)], {stdio: ['ignore', 'pipe', 'inherit']})
  releases.push(() => void child.kill('SIGKILL'))
  await once(child.stdout!, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

type Call = (
  method: string,
  request: object,
) => Promise<Record<string, never> & {messageIds: string[]; receivedMessages: Received[]}>
interface Received {
  ackId: string
  message: {data: Buffer}
}

function clientOf(service: 'Publisher' | 'Subscriber', port: number): Call {
  const Constructor = loadServices()[service] as unknown as new (
    address: string,
    how: unknown,
    options: object,
  ) => Client
  const client = new Constructor(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 100,
  })
  releases.push(() => client.close())
  const methods = client as unknown as Record<string, (...args: unknown[]) => void>
  return (method, request) =>
    new Promise((done, fail) => {
      // Waits out a restart; a call that was under way when the host died fails.
      methods[method]!(
        request,
        new Metadata({waitForReady: true}),
        {deadline: Date.now() + 10_000},
        (error: unknown, answer: never) => (error ? fail(error) : done(answer)),
      )
    })
}

test('whatever is killed when, no acknowledged message is lost and no acknowledged work comes back', {
  timeout: 120_000,
}, async () => {
  const port = await freePort()
  const [publisher, subscriber] = [clientOf('Publisher', port), clientOf('Subscriber', port)]
  let host = await startHost(port)
  await publisher('CreateTopic', {name: TOPIC})
  await subscriber('CreateSubscription', {name: SUBSCRIPTION, topic: TOPIC, ackDeadlineSeconds: 600})

  const published = new Set<string>()
  const worked = new Set<string>()
  const unsure = new Set<string>()
  let running = true
  let sent = 0
  const refused = () => new Promise((done) => setImmediate(done))
  const publishing = async () => {
    while (running) {
      const texts = Array.from({length: 10}, () => `m${++sent}`)
      await publisher('Publish', {topic: TOPIC, messages: texts.map((text) => ({data: Buffer.from(text)}))}).then(
        () => texts.forEach((text) => void published.add(text)),
        refused,
      )
    }
  }
  const acknowledge = async (batch: readonly Received[]) => {
    if (batch.length === 0) return
    const texts = batch.map(({message}) => message.data.toString())
    const ackIds = batch.map(({ackId}) => ackId)
    await subscriber('Acknowledge', {subscription: SUBSCRIPTION, ackIds}).then(
      () => texts.forEach((text) => void worked.add(text)),
      // Killed before the answer: it may have been on disk already.
      () => texts.forEach((text) => void unsure.add(text)),
    )
  }
  const working = async () => {
    while (running) {
      const request = {subscription: SUBSCRIPTION, maxMessages: 20, returnImmediately: true}
      await subscriber('Pull', request).then(({receivedMessages}) => acknowledge(receivedMessages), refused)
    }
  }
  const load = Promise.all([publishing(), publishing(), publishing(), publishing(), working()])
  for (let round = 0; round < ROUNDS; round++) {
    const goal = published.size + 50 + Math.floor(Math.random() * 500)
    while (published.size < goal) await refused()
    await kill(host)
    host = await startHost(port)
  }
  running = false
  await load

  const rest = new Set<string>()
  for (;;) {
    const {receivedMessages} = await subscriber('Pull', {
      subscription: SUBSCRIPTION,
      maxMessages: 1_000,
      returnImmediately: true,
    })
    if (receivedMessages.length === 0) break
    for (const {message} of receivedMessages) rest.add(message.data.toString())
    await subscriber('Acknowledge', {subscription: SUBSCRIPTION, ackIds: receivedMessages.map(({ackId}) => ackId)})
  }
  expect([...published].filter((text) => !worked.has(text) && !unsure.has(text) && !rest.has(text))).toEqual([])
  expect([...worked].filter((text) => rest.has(text))).toEqual([])
  expect(published.size).toBeGreaterThan(ROUNDS * 50)
  host.kill('SIGTERM')
  await once(host, 'exit')
  expect(statSync(join(dir, 'pubsub', 'messages.db')).size).toBeLessThan(32 * 1024 * 1024)
})
