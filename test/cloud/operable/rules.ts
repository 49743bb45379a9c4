/**
 * What every cloud behind the port does, whether it is in memory, emulated or Google's: operations are written against these rules.
 * A rule that a cloud cannot be asked about is skipped with the reason.
 */
import {describe, expect, onTestFinished, type TestContext, test} from 'vitest'
import type {Clock} from '../../../src/clock.ts'
import type {Operable, QueueNames, Rotation, SqlDeed} from '../../../src/cloud/operable.ts'
import {fenceRow} from '../../../src/operations/steps/fence.ts'
import {answered, carryOut as carry, until} from '../../../src/operations/waits.ts'

export type Edition = 'ENTERPRISE' | 'ENTERPRISE_PLUS'

export interface Pair {
  readonly primary: string
  readonly replica: string
}

/** A cloud, and what the port itself cannot do. */
export interface World {
  readonly cloud: Operable
  readonly clock: Clock
  /** How long an operation may take; milliseconds. */
  readonly patienceMs: number
  /** The primary's and the replica's. */
  readonly regions: readonly [string, string]
  /** A new primary with point-in-time recovery, and its replica in the other region, both up. */
  pair(edition: Edition): Promise<Pair>
  /** Full name of a TXT record that nobody has. */
  newRecord(): string
  /** A new backend service with one endpoint group in each of so many regions, and the cloud to ask about it. */
  backend(regions: 1 | 2): Promise<{readonly cloud: Operable; readonly name: string}>
  /** A new topic that keeps messages for a day, with a subscription and a dead-letter one, for both regions. */
  queue(): Promise<QueueNames>
  /** In every endpoint group, all healthy. */
  readonly endpoints: number
  /** Services that run in the cluster of the first region, three pods each; in the second region nothing answers. */
  readonly cluster?: {readonly cloud: Operable; readonly services: readonly string[]}
  /** The region answers nothing any more, until it is told to. */
  lose?(region: string): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** `open` resolves to the reason when this cloud cannot be had here. */
export function operableRules(cloudName: string, open: () => Promise<World | string>): void {
  let opened: Promise<World | string> | undefined
  const shared = new Map<Edition, Promise<Pair>>()
  const rule = (title: string, body: (world: World, context: TestContext) => Promise<void>) =>
    test(title, async (context) => {
      opened ??= open()
      const world = await opened
      if (typeof world === 'string') return context.skip(world)
      await body(world, context)
    })
  /** For rules that leave the pair as they found it. */
  const sharedPair = (world: World, edition: Edition) => {
    const pair = shared.get(edition) ?? world.pair(edition)
    shared.set(edition, pair)
    return pair
  }

  describe(cloudName, () => {
    databaseRules(rule, sharedPair)
    roleRules(rule, sharedPair)
    recordRules(rule)
    rotationRules(rule)
    queueRules(rule)
    workloadRules(rule)

    test('everything this suite made is taken away again', async ({skip}) => {
      const world = await opened
      if (world === undefined || typeof world === 'string') return skip(world ?? 'nothing was opened')
      await world.close()
    })
  })
}

type Rule = (title: string, body: (world: World, context: TestContext) => Promise<void>) => void
type SharedPair = (world: World, edition: Edition) => Promise<Pair>

const carryOut = ({cloud, clock, patienceMs}: World, deed: SqlDeed) =>
  carry({cloud, clock, assertHeld: async () => {}}, deed, patienceMs)
const eventually = <T>({clock, patienceMs}: World, what: string, ask: () => Promise<T | undefined>) =>
  until({clock}, patienceMs, what, ask)
const refusal = (status: number) => ({code: 'CLOUD_REFUSED', data: {status}})
const factsOf = async ({cloud}: World, name: string) => (await cloud.instances()).find((it) => it.name === name)

/** A server that changes its role may be away for a moment. */
const answer = ({cloud}: World, instance: string) => answered(() => cloud.position(instance))

/** The replica streams and has all of its primary's log. */
const following = (world: World, {primary, replica}: Pair) =>
  eventually(world, `${replica} does not follow`, async () => {
    const [source, copy] = await Promise.all([answer(world, primary), answer(world, replica)])
    if (!source || !copy) return undefined
    return copy.streaming && copy.timeline === source.timeline && copy.replayed >= source.lsn ? copy : undefined
  })

function databaseRules(rule: Rule, sharedPair: SharedPair): void {
  rule('a primary and its replica are told apart, with what operations compare', async (world) => {
    const {primary, replica} = await sharedPair(world, 'ENTERPRISE')
    const common = {state: 'RUNNABLE', active: true, edition: 'ENTERPRISE', version: 'POSTGRES_16'}
    expect(await factsOf(world, primary)).toMatchObject({
      ...{...common, role: 'primary', region: world.regions[0], backups: true, recovery: true},
      ...{tier: expect.stringMatching(/^db-/), diskGiB: expect.any(Number)},
    })
    expect(await factsOf(world, replica)).toMatchObject({
      ...{...common, role: 'replica', region: world.regions[1], primary, backups: false, recovery: false},
    })
  })

  rule(
    'a replica is on its primary’s timeline, of the same system, and its log reaches the primary’s',
    async (world) => {
      const pair = await sharedPair(world, 'ENTERPRISE')
      const copy = await following(world, pair)
      const source = await world.cloud.position(pair.primary)
      expect(source).toMatchObject({inRecovery: false, streaming: false, timeline: copy.timeline, contactSeconds: null})
      expect(copy).toMatchObject({inRecovery: true, systemId: source.systemId, contactSeconds: expect.any(Number)})
      expect(copy.lsn).toBeGreaterThanOrEqual(copy.replayed)
    },
  )

  rule('what the primary is told, the replica has; a replica is told nothing', async (world) => {
    const {cloud} = world
    const {primary, replica} = await sharedPair(world, 'ENTERPRISE')
    await cloud.query(primary, fenceRow(7, replica, 'contract'))
    await eventually(world, 'the row did not come', async () => {
      const [[table] = []] = await cloud.query(replica, `SELECT to_regclass('ha_fence') IS NOT NULL`)
      if (table !== 't') return undefined
      const rows = await cloud.query(replica, `SELECT 1 FROM ha_fence WHERE epoch = 7 AND run = 'contract'`)
      return rows.length > 0 ? true : undefined
    })
    await expect(cloud.query(replica, fenceRow(8, replica, 'contract'))).rejects.toMatchObject({
      ...refusal(400),
      message: expect.stringContaining('read-only transaction'),
    })
  })

  rule('a statement that the database refuses is refused with the database’s words', async ({cloud, ...world}) => {
    const {primary} = await sharedPair({cloud, ...world}, 'ENTERPRISE')
    const asked = cloud.query(primary, 'SELECT * FROM no_such_table')
    await expect(asked).rejects.toMatchObject({...refusal(400), message: expect.stringContaining('no_such_table')})
  })

  rule('an operation is listed while it runs and can be asked for after its end', async (world) => {
    const {cloud} = world
    const {primary} = await sharedPair(world, 'ENTERPRISE')
    const begun = await cloud.begin({deed: 'backup', instance: primary})
    expect(begun).toMatchObject({type: 'BACKUP_VOLUME', done: false})
    expect((await cloud.running(primary)).map(({id}) => id)).toEqual([begun.id])
    const ended = await eventually(world, 'the backup did not end', async () => {
      const now = await cloud.operation(begun.id)
      return now.done ? now : undefined
    })
    expect(ended).toEqual({id: begun.id, type: 'BACKUP_VOLUME', done: true})
    expect(await cloud.running(primary)).toEqual([])
    expect(await cloud.lastBackup(primary)).toBeGreaterThan(0)
  })

  rule('a primary that is backed up can be recovered to any moment since, a replica to none', async (world) => {
    const {cloud} = world
    const {primary, replica} = await sharedPair(world, 'ENTERPRISE')
    await carryOut(world, {deed: 'protect', instance: primary, availability: 'ZONAL', recoveryDays: 7})
    await carryOut(world, {deed: 'backup', instance: primary})
    const {earliest, latest} = await eventually(world, 'no window opened', () => cloud.recoveryWindow(primary))
    expect(earliest).toBeLessThanOrEqual(latest)
    expect(await cloud.recoveryWindow(replica)).toBeUndefined()
  })

  rule('while one runs another is refused with 409, and who carries it out waits for its turn', async (world) => {
    const {cloud} = world
    const {primary} = await sharedPair(world, 'ENTERPRISE')
    const first = await cloud.begin({deed: 'backup', instance: primary})
    const protect = {deed: 'protect', instance: primary, availability: 'ZONAL', recoveryDays: 7} as const
    await expect(cloud.begin(protect)).rejects.toMatchObject(refusal(409))
    expect(await carryOut(world, protect)).toMatchObject({type: 'UPDATE', done: true})
    expect(await cloud.operation(first.id)).toMatchObject({done: true})
  })

  rule(
    'a stopped primary is RUNNABLE, inactive, refuses what needs its server, and its replica hears nothing',
    async (world) => {
      const {cloud} = world
      const pair = await sharedPair(world, 'ENTERPRISE')
      await following(world, pair)
      await carryOut(world, {deed: 'stop', instance: pair.primary})
      expect(await factsOf(world, pair.primary)).toMatchObject({state: 'RUNNABLE', active: false, role: 'primary'})
      await expect(cloud.position(pair.primary)).rejects.toMatchObject(refusal(400))
      await expect(cloud.query(pair.primary, 'CHECKPOINT')).rejects.toMatchObject(refusal(400))
      await eventually(world, 'the replica still hears its primary', async () => {
        const {streaming} = await cloud.position(pair.replica)
        return streaming ? undefined : true
      })
      await carryOut(world, {deed: 'start', instance: pair.primary})
      await following(world, pair)
      expect(await factsOf(world, pair.primary)).toMatchObject({active: true})
    },
  )

  rule('what there is not is 404, and a name that is taken 409', async (world) => {
    const {cloud, regions} = world
    const {primary, replica} = await sharedPair(world, 'ENTERPRISE')
    await expect(cloud.position('no-such-instance')).rejects.toMatchObject(refusal(404))
    await expect(cloud.begin({deed: 'stop', instance: 'no-such-instance'})).rejects.toMatchObject(refusal(404))
    await expect(cloud.operation('0b4c6f2e-0000-4000-8000-000000000000')).rejects.toMatchObject(refusal(404))
    const again = {deed: 'replicate', instance: replica, region: regions[1], primary, like: primary} as const
    await expect(cloud.begin(again)).rejects.toMatchObject(refusal(409))
  })

  rule('of a region that is lost the API answers UNKNOWN and its server nothing, soon', async (world, {skip}) => {
    const {cloud, clock, regions, lose} = world
    if (!lose) return skip('a region of Google’s cannot be taken away')
    const {primary, replica} = await sharedPair(world, 'ENTERPRISE')
    const back = await lose(regions[1])
    onTestFinished(back)
    const asked = clock.monotonic()
    await expect(cloud.position(replica)).rejects.toMatchObject({code: 'CLOUD_UNREACHABLE'})
    expect(await factsOf(world, replica)).toMatchObject({state: 'UNKNOWN', role: 'replica', primary})
    expect(clock.monotonic() - asked).toBeLessThan(10_000)
  })
}

function roleRules(rule: Rule, sharedPair: SharedPair): void {
  const refused: readonly [string, Edition, (pair: Pair) => SqlDeed][] = [
    ['backups of a replica', 'ENTERPRISE', ({replica}) => ({deed: 'backup', instance: replica})],
    [
      'backups enabled on a replica',
      'ENTERPRISE',
      ({replica}) => ({deed: 'protect', instance: replica, availability: 'ZONAL', recoveryDays: 7}),
    ],
    ['a stop of a replica', 'ENTERPRISE', ({replica}) => ({deed: 'stop', instance: replica})],
    ['a promotion of a primary', 'ENTERPRISE', ({primary}) => ({deed: 'promote', instance: primary, failover: false})],
    [
      'a failover to a replica that is not designated',
      'ENTERPRISE',
      ({replica}) => ({deed: 'promote', instance: replica, failover: true}),
    ],
    [
      'a designation in the ENTERPRISE edition',
      'ENTERPRISE',
      ({primary, replica}) => ({deed: 'designate', instance: primary, replica}),
    ],
    [
      'a switchover in the ENTERPRISE edition',
      'ENTERPRISE',
      ({replica}) => ({deed: 'switchover', instance: replica, timeoutSeconds: 60}),
    ],
    [
      'a switchover to a replica that is not designated',
      'ENTERPRISE_PLUS',
      ({replica}) => ({deed: 'switchover', instance: replica, timeoutSeconds: 60}),
    ],
  ]
  for (const [what, edition, deedOf] of refused) {
    rule(`refused with 400, and nothing is begun: ${what}`, async (world) => {
      const pair = await sharedPair(world, edition)
      const deed = deedOf(pair)
      await expect(world.cloud.begin(deed)).rejects.toMatchObject(refusal(400))
      expect(await world.cloud.running(deed.instance)).toEqual([])
    })
  }

  rule(
    'a promoted replica is a primary on a later timeline, and the old one stays a primary of its own',
    async (world) => {
      const {cloud} = world
      const pair = await world.pair('ENTERPRISE')
      const {timeline} = await following(world, pair)
      await carryOut(world, {deed: 'promote', instance: pair.replica, failover: false})
      const [old, promoted] = await Promise.all([cloud.position(pair.primary), cloud.position(pair.replica)])
      expect([old.inRecovery, promoted.inRecovery]).toEqual([false, false])
      expect([old.timeline === timeline, promoted.timeline > timeline]).toEqual([true, true])
      expect(await factsOf(world, pair.primary)).toMatchObject({role: 'primary', active: true})
      const facts = await factsOf(world, pair.replica)
      expect(facts).toMatchObject({role: 'primary', backups: true})
      expect(facts?.primary).toBeUndefined()
      const again = {deed: 'promote', instance: pair.replica, failover: false} as const
      await expect(cloud.begin(again)).rejects.toMatchObject(refusal(400))
    },
  )

  rule('a switchover exchanges the roles with the designated replica, and nothing is lost', async (world) => {
    const {cloud} = world
    const pair = await world.pair('ENTERPRISE_PLUS')
    await carryOut(world, {deed: 'designate', instance: pair.primary, replica: pair.replica})
    expect(await factsOf(world, pair.primary)).toMatchObject({drReplica: pair.replica})
    const {timeline} = await following(world, pair)
    await cloud.query(pair.primary, fenceRow(9, pair.replica, 'contract'))
    await carryOut(world, {deed: 'switchover', instance: pair.replica, timeoutSeconds: 300})
    const kept = await cloud.query(pair.replica, `SELECT 1 FROM ha_fence WHERE epoch = 9 AND run = 'contract'`)
    expect(kept).toEqual([['1']])
    const after = {primary: pair.replica, replica: pair.primary}
    expect((await following(world, after)).timeline).toBeGreaterThan(timeline)
    expect(await factsOf(world, after.replica)).toMatchObject({role: 'replica', primary: after.primary, backups: false})
    // Backups come with the role, point-in-time recovery does not: it has to be asked for.
    expect(await factsOf(world, after.primary)).toMatchObject({
      role: 'primary',
      drReplica: after.replica,
      backups: true,
    })
  })

  rule('a failover to the designated replica exchanges the roles too, and the old primary follows', async (world) => {
    const pair = await world.pair('ENTERPRISE_PLUS')
    await carryOut(world, {deed: 'designate', instance: pair.primary, replica: pair.replica})
    await following(world, pair)
    await carryOut(world, {deed: 'promote', instance: pair.replica, failover: true})
    expect(await factsOf(world, pair.replica)).toMatchObject({role: 'primary', drReplica: pair.primary})
    expect(await factsOf(world, pair.primary)).toMatchObject({role: 'replica', primary: pair.replica})
    await following(world, {primary: pair.replica, replica: pair.primary})
  })
}

function recordRules(rule: Rule): void {
  rule('a record that is not there says nothing, and is made by the first move', async ({cloud, newRecord}) => {
    const name = newRecord()
    expect(await cloud.record(name)).toBeUndefined()
    await cloud.moveRecord(name, undefined, 'p:r:a')
    expect(await cloud.record(name)).toBe('p:r:a')
  })

  rule(
    'a record moves only from what it says, and to what it says already without a change',
    async ({cloud, newRecord}) => {
      const name = newRecord()
      await cloud.moveRecord(name, undefined, 'p:r:a')
      await expect(cloud.moveRecord(name, 'p:r:x', 'p:r:b')).rejects.toMatchObject(refusal(412))
      await expect(cloud.moveRecord(name, undefined, 'p:r:b')).rejects.toMatchObject(refusal(412))
      expect(await cloud.record(name)).toBe('p:r:a')
      await cloud.moveRecord(name, 'p:r:x', 'p:r:a')
      await cloud.moveRecord(name, 'p:r:a', 'p:r:b')
      expect(await cloud.record(name)).toBe('p:r:b')
    },
  )

  rule('of two moves at once one is made and the other refused', async ({cloud, newRecord}) => {
    const name = newRecord()
    await cloud.moveRecord(name, undefined, 'p:r:a')
    const both = ['p:r:b', 'p:r:c'].map((to) => cloud.moveRecord(name, 'p:r:a', to))
    const settled = await Promise.allSettled(both)
    expect(settled.map(({status}) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const winner = settled[0]!.status === 'fulfilled' ? 'p:r:b' : 'p:r:c'
    expect(await cloud.record(name)).toBe(winner)
  })
}

const withShares = ({fingerprint, groups}: Rotation, shares: Readonly<Record<string, number>>): Rotation => ({
  fingerprint,
  groups: groups.map((it) => ({...it, share: shares[it.region] ?? it.share})),
})
const sharesOf = ({groups}: Rotation) => Object.fromEntries(groups.map(({region, share}) => [region, share]))

function rotationRules(rule: Rule): void {
  rule(
    'a region’s share is set for all its groups in one change, the others stay',
    async ({backend, regions: [a, b]}) => {
      const {cloud, name} = await backend(2)
      const before = await cloud.rotation(name)
      expect(sharesOf(before)).toEqual({[a]: 1, [b]: 1})
      await cloud.setRotation(name, withShares(before, {[a]: 0}))
      const after = await cloud.rotation(name)
      expect(sharesOf(after)).toEqual({[a]: 0, [b]: 1})
      expect(after.groups.map(({group}) => group)).toEqual(before.groups.map(({group}) => group))
      expect(after.fingerprint).not.toBe(before.fingerprint)
    },
  )

  rule(
    'a rotation that was read before somebody else’s change is refused with 412',
    async ({backend, regions: [a, b]}) => {
      const {cloud, name} = await backend(2)
      const old = await cloud.rotation(name)
      await cloud.setRotation(name, withShares(old, {[a]: 0.5}))
      await expect(cloud.setRotation(name, withShares(old, {[b]: 0}))).rejects.toMatchObject(refusal(412))
      expect(sharesOf(await cloud.rotation(name))).toEqual({[a]: 0.5, [b]: 1})
    },
  )

  for (const share of [0.05, 1.5, -1]) {
    rule(`a share is 0 or 0.1 to 1: ${share} is refused with 400`, async ({backend, regions: [a]}) => {
      const {cloud, name} = await backend(2)
      const asked = cloud.setRotation(name, withShares(await cloud.rotation(name), {[a]: share}))
      await expect(asked).rejects.toMatchObject(refusal(400))
      expect(sharesOf(await cloud.rotation(name))).toMatchObject({[a]: 1})
    })
  }

  rule('the last region is not taken out of rotation, nor the only one', async ({backend, regions: [a, b]}) => {
    const two = await backend(2)
    const all = withShares(await two.cloud.rotation(two.name), {[a]: 0, [b]: 0})
    await expect(two.cloud.setRotation(two.name, all)).rejects.toMatchObject(refusal(400))
    const one = await backend(1)
    const only = withShares(await one.cloud.rotation(one.name), {[a]: 0})
    await expect(one.cloud.setRotation(one.name, only)).rejects.toMatchObject(refusal(400))
    expect(sharesOf(await one.cloud.rotation(one.name))).toEqual({[a]: 1})
  })

  rule('health is counted by region, drained or not', async (world) => {
    const {backend, endpoints, regions} = world
    const {cloud, name} = await backend(2)
    await cloud.setRotation(name, withShares(await cloud.rotation(name), {[regions[0]]: 0}))
    const rotation = await cloud.rotation(name)
    const counted = {healthy: endpoints, total: endpoints}
    await eventually(world, 'the endpoints did not become healthy', async () => {
      const health = await cloud.health(name, rotation)
      return regions.every((region) => health[region]?.healthy === endpoints) ? health : undefined
    })
    expect(await cloud.health(name, rotation)).toEqual({[regions[0]]: counted, [regions[1]]: counted})
  })
}

function queueRules(rule: Rule): void {
  rule('a queue tells where its messages may lie, how long they are kept and whose they are', async (world) => {
    const {cloud, regions} = world
    const facts = await cloud.queue(await world.queue())
    expect(facts).toMatchObject({attached: true, keptSeconds: 86_400})
    expect([...facts.regions].toSorted()).toEqual([...regions].toSorted())
    // Monitoring has no figure of what was just made until minutes later.
    const {backlog = 0, oldestSeconds = 0, dead = 0} = facts.waiting ?? {}
    expect([backlog, oldestSeconds, dead]).toEqual([0, 0, 0])
  })

  rule('what is delivered again is so once under its mark, and can be asked for', async (world) => {
    const {cloud} = world
    const {subscription} = await world.queue()
    const mark = `${subscription}-again`
    expect(await cloud.redelivered(mark)).toBeUndefined()
    const now = Date.now()
    const since = await cloud.redeliver({subscription, since: now - 60_000, now, mark})
    expect(since).toBeLessThanOrEqual(now - 60_000)
    expect(await cloud.redelivered(mark)).toBe(since)
    expect(await cloud.redeliver({subscription, since: now - 60_000, now, mark})).toBe(since)
  })
}

function workloadRules(rule: Rule): void {
  rule(
    'what runs in a region is counted by service; a cluster that does not answer is unseen, with the reason',
    async (world, {skip}) => {
      const {cluster, regions} = world
      if (!cluster) return skip('no cluster is made for this')
      const {cloud, services} = cluster
      expect(await cloud.workloads(regions[0])).toEqual({
        seen: services.map((name) => ({
          ...{name, image: expect.any(String), desired: 3, ready: 3, updated: 3, restarts: 0, reasons: []},
        })),
      })
      expect(await cloud.workloads(regions[1])).toEqual({unseen: expect.stringMatching(/./)})
      expect(await cloud.workloads('nowhere')).toEqual({unseen: 'not deployed'})
    },
  )
}
