/** What speaks for or against leaving a region, each check in its three verdicts. */
import {describe, expect, test} from 'vitest'
import type {Check} from '../../src/operations/check.ts'
import type {Question} from '../../src/operations/preflight.ts'
import * as checks from '../../src/operations/readiness.ts'
import type {Scene} from '../../src/operations/scene.ts'
import type {Topology} from '../../src/topology/topology.ts'
import {FROM, sceneOf, stage, TO, topologyOf} from './stage.ts'

const HOUR = 3_600_000
const [OLD, NEXT] = [`stay-test-${FROM}-g1`, `stay-test-${TO}-g1`]

interface Spoilt {
  readonly scene?: (scene: Scene) => Partial<Scene>
  readonly topology?: (topology: Topology) => Partial<Topology>
  readonly known?: checks.Known
}
type Row = readonly [what: string, verdict: Check['verdict'], says: RegExp, spoilt: Spoilt]

async function questionOf({scene, topology}: Spoilt): Promise<Question> {
  const it = stage()
  const [now, platform] = [await sceneOf(it), topologyOf(it)]
  return {
    ...{from: FROM, to: TO},
    scene: {...now, ...scene?.(now)},
    // The stage is a rehearsal; what is asked here is asked of the real thing, where a row does not say otherwise.
    topology: {...platform, target: 'gcp', ...topology?.(platform)},
  }
}

const workloads =
  (region: string, change: (name: string) => object): NonNullable<Spoilt['scene']> =>
  ({workloads}) => {
    const seen = workloads[region]
    const services = seen && 'seen' in seen ? seen.seen : []
    return {workloads: {...workloads, [region]: {seen: services.map((it) => ({...it, ...change(it.name)}))}}}
  }
const queue =
  (change: object): NonNullable<Spoilt['scene']> =>
  ({queues}) => ({
    queues: Object.fromEntries(
      Object.entries(queues).map(([name, seen]) => [name, 'seen' in seen ? {seen: {...seen.seen, ...change}} : seen]),
    ),
  })
const old =
  (change: object): NonNullable<Spoilt['scene']> =>
  ({instances}) => ({
    instances: {
      seen: ('seen' in instances ? instances.seen : []).map((it) => (it.name === OLD ? {...it, ...change} : it)),
    },
  })
const silent =
  (region: string): NonNullable<Spoilt['scene']> =>
  ({workloads}) => ({
    workloads: {...workloads, [region]: {unseen: 'silent'}},
  })
const waiting = (change: object) => queue({waiting: {backlog: 0, oldestSeconds: 0, dead: 0, ageSeconds: 0, ...change}})
const last = (minutes: number) =>
  ({run: 'r', procedure: 'failover', to: TO, at: Date.now() - minutes * 60_000}) as const
const replicas =
  (max: number): NonNullable<Spoilt['topology']> =>
  ({services}) => ({
    services: services.map((it) => ({...it, config: {...it.config, replicas: {...it.config.replicas, max}}})),
  })

const outbox =
  (answers: Scene['outbox']): NonNullable<Spoilt['scene']> =>
  () => ({outbox: answers})
const asked = {operations: {blocked: [], outbox: 'SELECT 1'}}

const blocked =
  (day: string, target: Topology['target'] = 'gcp'): NonNullable<Spoilt['topology']> =>
  () => ({
    target,
    operations: {blocked: [{days: [], dates: {from: '2020-01-01', to: day}, zone: 'UTC', reason: 'the ball'}]},
  })

const TABLE: Readonly<Record<string, readonly [(question: Question, known: checks.Known) => Check, readonly Row[]]>> = {
  deployed: [
    (_, known) => checks.deployed(known),
    [
      ['as ha.yaml says', 'fine', /as ha\.yaml says/, {known: {undeployed: []}}],
      ['not looked at', 'warn', /not looked at/, {known: {}}],
      ['stacks differ', 'refuse', /app-us-east1, edge/, {known: {undeployed: ['app-us-east1', 'edge']}}],
    ],
  ],
  backup: [
    checks.backedUp,
    [
      ['an hour ago', 'fine', /the last one 1 h ago/, {scene: ({at}) => ({lastBackup: {seen: at - HOUR}})}],
      [
        'there is no database',
        'fine',
        /no database/,
        {topology: ({database: _, ...rest}) => ({...rest, database: undefined as never})},
      ],
      ['a replica’s region', 'fine', /a replica/, {scene: old({role: 'replica', backups: false, recovery: false})}],
      [
        'two days ago',
        'warn',
        /48 h ago: the daily ones do not happen/,
        {scene: ({at}) => ({lastBackup: {seen: at - 48 * HOUR}})},
      ],
      ['none yet', 'warn', /no backup yet/, {scene: () => ({lastBackup: {seen: undefined}})}],
      ['not known', 'warn', /not known/, {scene: () => ({lastBackup: {unseen: 'silent'}})}],
      ['no point-in-time recovery', 'refuse', /has no point-in-time recovery/, {scene: old({recovery: false})}],
      ['no backups', 'refuse', /has no automatic backups/, {scene: old({backups: false, recovery: false})}],
    ],
  ],
  versions: [
    checks.sameImages,
    [
      ['the same images', 'fine', /the same images in europe-west1 as in us-east1/, {}],
      ['the region is gone, ha.yaml counts', 'fine', /as in ha\.yaml/, {scene: silent(FROM)}],
      [
        'another image',
        'refuse',
        /api \(old:1, not example\.test/,
        {scene: workloads(TO, (name) => (name === 'api' ? {image: 'old:1'} : {}))},
      ],
      ['the target is silent', 'refuse', /not known/, {scene: silent(TO)}],
    ],
  ],
  room: [
    checks.roomFor,
    [
      ['enough for both', 'fine', /enough for both/, {scene: workloads(FROM, () => ({ready: 0}))}],
      ['it has to grow', 'warn', /api 3 → 6/, {}],
      ['the region is gone: at least its replicas at rest', 'warn', /api 3 → 6/, {scene: silent(FROM)}],
      ['it cannot grow that far', 'warn', /api 3 now, 6 needed, 4 at most/, {topology: replicas(4)}],
      ['less than at rest', 'refuse', /api 2 of at least 3/, {scene: workloads(TO, () => ({ready: 2}))}],
      ['the target is silent', 'refuse', /not known/, {scene: silent(TO)}],
    ],
  ],
  queues: [
    checks.queuesReach,
    [
      ['all reach', 'fine', /all can be stored in europe-west1/, {}],
      ['messages may be stored anywhere', 'fine', /all can be/, {scene: queue({regions: []})}],
      ['no queues', 'fine', /none/, {topology: () => ({queues: []})}],
      ['dead letters', 'warn', /bookings: 3 dead letters/, {scene: waiting({dead: 3})}],
      ['old messages', 'warn', /waits for 10 min/, {scene: waiting({oldestSeconds: 600})}],
      ['what waits cannot be asked', 'fine', /all can be/, {scene: queue({waiting: undefined})}],
      ['a queue is silent', 'warn', /bookings: silent/, {scene: () => ({queues: {bookings: {unseen: 'silent'}}})}],
      [
        'stored elsewhere only',
        'refuse',
        /bookings may not be stored in europe-west1/,
        {scene: queue({regions: [FROM]})},
      ],
      ['no subscription', 'refuse', /bookings has no subscription/, {scene: queue({attached: false})}],
    ],
  ],
  outbox: [
    checks.outboxSent,
    [
      ['not asked', 'fine', /operations\.outbox in ha\.yaml/, {}],
      ['nothing unsent', 'fine', /nothing unsent/, {topology: () => asked, scene: outbox({[OLD]: {seen: null}})}],
      ['just written', 'fine', /waits for 3 s/, {topology: () => asked, scene: outbox({[OLD]: {seen: 3.2}})}],
      ['not sent', 'warn', /waits for 10 min/, {topology: () => asked, scene: outbox({[OLD]: {seen: 600}})}],
      [
        'the primary is silent, its replica tells',
        'warn',
        /waits for 10 min/,
        {topology: () => asked, scene: outbox({[OLD]: {unseen: 'silent'}, [NEXT]: {seen: 600}})},
      ],
      [
        'the query is wrong',
        'warn',
        /could not be asked: no such table/,
        {topology: () => asked, scene: outbox({[OLD]: {unseen: 'no such table'}, [NEXT]: {unseen: 'silent'}})},
      ],
    ],
  ],
  dependencies: [
    checks.independent,
    [
      ['none there alone', 'fine', /none in us-east1 alone/, {}],
      ['the images', 'warn', /Only us-east1 has the images/, {topology: () => ({imagesLocation: FROM})}],
    ],
  ],
  'cool-down': [
    checks.cooledDown,
    [
      ['no operation before', 'fine', /no operation before/, {}],
      ['an hour ago', 'fine', /60 min ago/, {known: {last: last(60)}}],
      ['just now', 'refuse', /ended 5 min ago; 30 are to pass/, {known: {last: last(5)}}],
      [
        'just now, and a reason why',
        'warn',
        /Done all the same: the replica burns/,
        {known: {last: last(5), despite: 'the replica burns'}},
      ],
      [
        'just now, in a rehearsal',
        'warn',
        /ended 5 min ago/,
        {known: {last: last(5)}, topology: () => ({target: 'local'})},
      ],
    ],
  ],
  maintenance: [
    checks.outsideMaintenance,
    [
      ['none', 'fine', /none near/, {}],
      ['tomorrow', 'fine', /none near/, {scene: (it) => old({maintenanceAt: it.at + 24 * HOUR})(it)}],
      [
        'in minutes',
        'refuse',
        /maintain stay-test-us-east1-g1 at/,
        {scene: (it) => old({maintenanceAt: it.at + HOUR / 4})(it)},
      ],
      [
        'just now, and a reason why',
        'warn',
        /Done all the same: it cannot wait/,
        {scene: (it) => old({maintenanceAt: it.at - HOUR / 4})(it), known: {despite: 'it cannot wait'}},
      ],
    ],
  ],
  'blocked windows': [
    checks.outsideWindows,
    [
      ['none in ha.yaml', 'fine', /none in ha\.yaml/, {}],
      ['none now', 'fine', /none now/, {topology: blocked('2020-01-02')}],
      ['a freeze', 'refuse', /between 2020-01-01 and 2099-12-31 \(UTC\): the ball/, {topology: blocked('2099-12-31')}],
      [
        'a freeze, and a reason why',
        'warn',
        /Done all the same: the replica burns/,
        {topology: blocked('2099-12-31'), known: {despite: 'the replica burns'}},
      ],
      ['a freeze, in a rehearsal', 'warn', /the ball/, {topology: blocked('2099-12-31', 'local')}],
    ],
  ],
}

describe.each(Object.entries(TABLE))('%s', (name, [ask, rows]) => {
  test.each(rows)('%s: %s', async (_, verdict, says, spoilt) => {
    const check = ask(await questionOf(spoilt), spoilt.known ?? {})
    expect(check).toMatchObject({name, verdict, reason: expect.stringMatching(says)})
    if (verdict === 'refuse') expect(check.hint).not.toBe('')
  })
})

test.each([
  ['as ha.yaml says', 'fine', /as ha\.yaml says/, []],
  ['not looked at', 'warn', /not looked at/, undefined],
  ['a new image', 'warn', /^Not deployed .* left as it is: app-us-east1\.$/, ['app-us-east1']],
  ['a larger disk', 'warn', /^Once the primary has moved .*: data\.$/, ['data']],
] as const)('what is not deployed before an unplanned failover is said: %s', (_, verdict, says, undeployed) => {
  const check = checks.deployedAnyway(undeployed ? {undeployed} : {})
  expect(check).toMatchObject({name: 'deployed', verdict, reason: expect.stringMatching(says)})
})

test('before an unplanned failover nothing of this refuses, and what only a person can know is said', async () => {
  const spoilt: Spoilt = {
    scene: (scene) => ({
      ...workloads(TO, () => ({ready: 1, image: 'old:1'}))(scene),
      ...queue({attached: false})(scene),
    }),
  }
  const all = checks.readinessAnyway(await questionOf({...spoilt, topology: blocked('2099-12-31')}), {last: last(1)})
  expect(all.map(({name, verdict}) => [name, verdict])).toEqual([
    ['deployed', 'warn'],
    ['versions', 'warn'],
    ['room', 'warn'],
    ['queues', 'warn'],
    ['outbox', 'fine'],
    ['dependencies', 'fine'],
    ['cool-down', 'warn'],
    ['blocked windows', 'warn'],
    ['maintenance', 'fine'],
    ['operator', 'warn'],
  ])
  expect(all.find(({name}) => name === 'blocked windows')?.reason).toContain('all the same: us-east1 is given up')
  const local = await questionOf({topology: () => ({target: 'local'})})
  expect(checks.readinessAnyway(local, {}).at(-1)).toMatchObject({name: 'operator', verdict: 'fine'})
})
