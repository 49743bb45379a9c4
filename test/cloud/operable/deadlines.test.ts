/** An API that accepts and never answers. Its absence must cost seconds, not minutes: a dead region is when these calls are made. */
import {once} from 'node:events'
import {type AddressInfo, createServer, type Socket} from 'node:net'
import {expect, onTestFinished, test, vi} from 'vitest'
import {systemClock} from '../../../src/clock.ts'
import type {Operable} from '../../../src/cloud/operable.ts'
import {createOperable} from '../../../src/cloud/operate.ts'
import {emulatorWires} from '../../../src/cloud/wires.ts'
import {LOOK_MS, observeScene} from '../../../src/operations/scene.ts'
import {deriveTopology} from '../../../src/topology/derive.ts'
import {initialRoles} from '../../../src/topology/roles.ts'
import {exampleConfig} from '../../fakes/config.ts'

/** Takes every connection and says nothing on it. */
async function openSilence() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    server.emit('taken')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((closed) => void server.close(() => closed()))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cloud = createOperable({
    ...{wires: emulatorWires(url), project: 'p', clock: systemClock, zone: 'z', namespace: 'n', endpoints: {r: url}},
    gate: {image: 'i', bucket: 'b', location: 'us', object: 'gate.json'},
  })
  return {cloud, taken: () => once(server, 'taken')}
}

test.each([
  ['unplanned', 2_500],
  ['planned', 10_000],
] as const)(
  'a look before an %s operation, at a scene of which nothing answers, is over after %i ms at most',
  async (how, ms) => {
    const {cloud, taken} = await openSilence()
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
    onTestFinished(() => void vi.useRealTimers())
    const config = exampleConfig()
    const isTaken = taken()
    const looking = observeScene(cloud, deriveTopology(config, initialRoles(config)), LOOK_MS[how])
    await isTaken
    await vi.advanceTimersByTimeAsync(ms)
    const {at: _, records, busy, instances, lastBackup, gate, ...groups} = await looking
    const seen = [
      records.primary,
      busy,
      instances,
      lastBackup,
      gate,
      ...Object.values({...groups, nearest: records.nearest}).flatMap((it) => Object.values(it)),
    ]
    expect(seen.length).toBeGreaterThan(10)
    expect(seen.filter((it) => !('unseen' in it))).toEqual([])
  },
)

test.each([
  ['planned', {seen: []}],
  ['unplanned', {unseen: 'no answer within 2.5 s'}],
] as const)('an answer that takes four seconds, before an %s operation: %o', async (how, expected) => {
  const {cloud, taken} = await openSilence()
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  onTestFinished(() => void vi.useRealTimers())
  const slow = {...cloud, instances: () => new Promise<[]>((answer) => setTimeout(answer, 4_000, []))}
  const config = exampleConfig()
  const isTaken = taken()
  const looking = observeScene(slow, deriveTopology(config, initialRoles(config)), LOOK_MS[how])
  await isTaken
  await vi.advanceTimersByTimeAsync(LOOK_MS[how])
  expect((await looking).instances).toEqual(expected)
})

const ROTATION = {fingerprint: 'f', groups: [{group: 'g', region: 'r', share: 1}]}
const CALLS: readonly [string, number, (cloud: Operable) => Promise<unknown>][] = [
  ['instances', 8_000, (cloud) => cloud.instances()],
  ['position', 2_500, (cloud) => cloud.position('i')],
  ['lastBackup', 8_000, (cloud) => cloud.lastBackup('i')],
  ['recoveryWindow', 8_000, (cloud) => cloud.recoveryWindow('i')],
  ['queue', 2_500, (cloud) => cloud.queue({topic: 't', subscription: 's', deadLetterSubscription: 'd'})],
  ['query', 30_000, (cloud) => cloud.query('i', 'SELECT 1')],
  ['begin', 8_000, (cloud) => cloud.begin({deed: 'promote', instance: 'i', failover: false})],
  ['operation', 8_000, (cloud) => cloud.operation('o')],
  ['running', 8_000, (cloud) => cloud.running('i')],
  ['record', 5_000, (cloud) => cloud.record('x.')],
  ['moveRecord', 5_000, (cloud) => cloud.moveRecord('x.', 'a', 'b')],
  ['rotation', 5_000, (cloud) => cloud.rotation('b')],
  ['setRotation', 5_000, (cloud) => cloud.setRotation('b', ROTATION)],
  ['health', 5_000, (cloud) => cloud.health('b', ROTATION)],
]

test.each(CALLS)(
  '%s of an API that never answers ends after %i ms as CLOUD_UNREACHABLE',
  async (_, deadlineMs, ask) => {
    const {cloud, taken} = await openSilence()
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
    onTestFinished(() => void vi.useRealTimers())
    const isTaken = taken()
    let ended = false
    const asked = ask(cloud).finally(() => {
      ended = true
    })
    const outcome = expect(asked).rejects.toMatchObject({
      code: 'CLOUD_UNREACHABLE',
      message: expect.stringContaining(`no answer within ${deadlineMs / 1000} s`),
    })
    await isTaken
    await vi.advanceTimersByTimeAsync(deadlineMs - 1)
    expect(ended).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await outcome
  },
)

test('workloads of a cluster that never answers are unseen after three seconds, not an error', async () => {
  const {cloud, taken} = await openSilence()
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  onTestFinished(() => void vi.useRealTimers())
  const isTaken = taken()
  const asked = cloud.workloads('r')
  await isTaken
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await asked).toEqual({unseen: expect.stringContaining('no answer within 3 s')})
})
