import {expect, test} from 'vitest'
import type {Check} from '../../src/operations/check.ts'
import {planFailback, preflightFailback, returnedRoles} from '../../src/operations/failback.ts'
import {figuresOf} from '../../src/operations/figures.ts'
import {parseEntries} from '../../src/operations/journal.ts'
import {pointOfNoReturn} from '../../src/operations/plan.ts'
import {preflightSwitchover} from '../../src/operations/preflight.ts'
import type {Scene} from '../../src/operations/scene.ts'
import {planSwitchover} from '../../src/operations/switchover.ts'
import {planUnplanned, preflightUnplanned} from '../../src/operations/unplanned.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import type {Topology} from '../../src/topology/topology.ts'
import {FROM, type Stage, sceneOf, stage, TO, topologyOf} from './stage.ts'

const refusals = (checks: readonly Check[]) => checks.filter(({verdict}) => verdict === 'refuse').map(({name}) => name)
const question = async (it: Stage, change: (scene: Scene) => Scene = (scene) => scene) => ({
  topology: topologyOf(it),
  scene: change(await sceneOf(it)),
  from: FROM,
  to: TO,
})

test('every step before the point of no return can be taken back or changes nothing that lasts', async () => {
  const it = stage()
  const want = {from: FROM, to: TO, keepTraffic: false}
  const plan = planSwitchover(topologyOf(it), it.roles, await sceneOf(it), want)
  const before = plan.steps.slice(0, pointOfNoReturn(plan))
  expect(before.filter(({undo}) => undo === undefined).map(({kind}) => kind)).toEqual([
    'take-backup',
    'wake-gates',
    'write-fence',
    'await-last-record',
  ])
  expect(new Set(plan.steps.map(({id}) => id)).size).toBe(plan.steps.length)
})

test('Enterprise Plus exchanges roles in one operation, Enterprise stops, proves and promotes', async () => {
  const kinds = async (preset: 'standard' | 'critical') => {
    const it = stage(preset)
    const want = {from: FROM, to: TO, keepTraffic: true}
    return planSwitchover(topologyOf(it), it.roles, await sceneOf(it), want).steps.map(({kind}) => kind)
  }
  expect(await kinds('critical')).toContain('switchover')
  expect(await kinds('critical')).not.toContain('replicate')
  expect(await kinds('standard')).toEqual(
    expect.arrayContaining(['stop-primary', 'await-last-record', 'promote', 'replicate']),
  )
})

test.each(['standard', 'critical'] as const)('one step of a plan says that writers wait: %s', async (preset) => {
  const it = stage(preset)
  const titles = async (topology: Topology) =>
    planSwitchover(topology, it.roles, await sceneOf(it), {from: FROM, to: TO, keepTraffic: true})
      .steps.map(({title}) => title)
      .filter((title) => /writers wait/i.test(title))
  const topology = topologyOf(it)
  const {gate: _, ...database} = topology.database!
  expect(await titles(topology)).toEqual(['Let writers wait'])
  expect(await titles({...topology, database})).toEqual([
    expect.stringMatching(/^(Stop|Exchange) .*; writers wait from/),
  ])
})

test('a step that only looks notes neither that it means to do something nor that it was so before', async () => {
  const it = stage()
  const plan = planSwitchover(topologyOf(it), it.roles, await sceneOf(it), {from: FROM, to: TO, keepTraffic: true})
  await it.run(plan, 'fresh')
  const told = parseEntries(await it.lines(), it.operation).filter(
    (each) => 'step' in each && each.step === 'last-record',
  )
  expect(told).toMatchObject([{what: 'done', already: false, facts: {forkXid: 777}}])
})

test('a healthy pair may switch', async () => {
  const it = stage()
  expect(refusals(preflightSwitchover(await question(it), it.roles.epoch))).toEqual([])
})

function pausing(it: Stage): void {
  const {position} = it.cloud
  it.cloud.position = async (name) => ({...(await position(name)), paused: name.includes(TO)})
}

test('whether Cloud SQL may exchange the roles at once is told', async () => {
  const it = stage('critical')
  const told = async () =>
    preflightSwitchover(await question(it), it.roles.epoch).find(({name}) => name === 'designated')
  expect(await told()).toMatchObject({verdict: 'warn', reason: expect.stringContaining('designates it first')})
  const [instance, replica] = [`stay-test-${FROM}-g1`, `stay-test-${TO}-g1`]
  await it.cloud.begin({deed: 'designate', instance, replica})
  expect(await told()).toMatchObject({verdict: 'fine'})
})

test('a replica whose replay is paused is not promoted in an unplanned failover either', async () => {
  const it = stage()
  it.cloud.gone.add(FROM)
  pausing(it)
  expect(refusals(preflightUnplanned(await question(it), 60))).toEqual(['target'])
})

test.each<[string, string, (it: Stage) => unknown]>([
  [
    'a replica that does not follow',
    'replica',
    (it) => Object.assign(it.cloud.servers.get(`stay-test-${TO}-g1`)!.facts, {primary: 'x'}),
  ],
  ['a record that leads elsewhere', 'record', (it) => it.cloud.records.set('db.stay.ha.internal.', 'elsewhere')],
  [
    'a smaller replica',
    'alike',
    (it) => Object.assign(it.cloud.servers.get(`stay-test-${TO}-g1`)!.facts, {tier: 'db-custom-1-3840'}),
  ],
  [
    'a replica of another edition',
    'alike',
    (it) => Object.assign(it.cloud.servers.get(`stay-test-${TO}-g1`)!.facts, {edition: 'ENTERPRISE_PLUS'}),
  ],
  [
    'a log that is not in Cloud Storage, where Cloud SQL is to exchange the roles',
    'designated',
    (it) =>
      Object.assign(it.cloud.servers.get(`stay-test-${FROM}-g1`)!.facts, {edition: 'ENTERPRISE_PLUS', logsIn: 'DISK'}),
  ],
  ['writers that somebody else holds', 'gates', (it) => it.cloud.setGate({epoch: 1, state: 'held', timeline: 1}, '1')],
  ['a replica that does not replay', 'replica', pausing],
  ['a target that is gone', 'workloads', (it) => it.cloud.gone.add(TO)],
])('a switchover is refused with %s', async (_, check, spoil) => {
  const it = stage()
  await spoil(it)
  expect(refusals(preflightSwitchover(await question(it), it.roles.epoch))).toContain(check)
})

test('a region comes back only when the primary could be moved to it', async () => {
  const it = stage()
  it.roles = {...it.roles, drained: [TO]}
  const back = async (roles = it.roles) => refusals(preflightFailback(await question(it), roles))
  expect(await back()).toEqual([])
  const {position} = it.cloud
  it.cloud.position = async (name) => ({...(await position(name)), oldestTransactionSeconds: 99})
  expect(await back()).toEqual(['transactions'])
  expect(await back({...it.roles, lost: [TO]})).toEqual(['transactions'])
  it.cloud.position = position
  Object.assign(it.cloud.servers.get(`stay-test-${FROM}-g1`)!.facts, {recovery: false})
  expect(await back()).toEqual(['backup'])
  Object.assign(it.cloud.servers.get(`stay-test-${FROM}-g1`)!.facts, {recovery: true})
  await it.cloud.setGate({epoch: 1, state: 'held', timeline: 1}, '1')
  for (const lost of [[], [TO]]) expect(await back({...it.roles, lost})).toEqual(['gates'])
})

test('a region is not given up while its database answers or its replica receives', async () => {
  const it = stage()
  expect(refusals(preflightUnplanned(await question(it), 60))).toEqual(
    expect.arrayContaining(['database', 'replica', 'evidence']),
  )
})

test('more loss than accepted is refused, with what would have to be accepted', async () => {
  const it = stage()
  it.cloud.gone.add(FROM)
  const checks = preflightUnplanned(await question(it), 0.1)
  expect(refusals(checks)).toEqual(['data loss'])
  expect(checks.find(({name}) => name === 'data loss')?.hint).toBe('To accept it: --accept-data-loss 6s')
  expect(refusals(preflightUnplanned(await question(it), 5))).toEqual([])
})

test('a lost region comes back as the next generation, keeps what only it has, and takes traffic in steps', async () => {
  const it = stage()
  const roles = {...it.roles, epoch: 2, primary: TO, lost: [FROM], drained: [FROM]}
  const after = returnedRoles(roles, FROM, false)
  const now = deriveTopology(it.config, roles)
  const want = {region: FROM, soakSeconds: 1}
  const plan = planFailback(now, deriveTopology(it.config, after), roles, after, await sceneOf(it), want)
  const ids = plan.steps.map(({id}) => id)
  expect(ids[0]).toBe('capture')
  expect(ids.indexOf('return-replica')).toBeLessThan(ids.indexOf('promote'))
  expect(plan.steps.flatMap((step) => (step.kind === 'set-share' ? [step.input.share] : []))).toEqual([0.1, 0.5, 1])
  expect(plan.steps.flatMap((step) => (step.kind === 'replicate' ? [step.input.instance] : []))).toEqual([
    `stay-test-${FROM}-g2`,
    `stay-test-${TO}-g2`,
  ])
})

test('a region that takes over from a lost one is in rotation before the other leaves it', async () => {
  const it = stage()
  const roles = {...it.roles, epoch: 2, primary: TO, drained: [FROM]}
  const plan = planUnplanned(deriveTopology(it.config, roles), roles, await sceneOf(it), {from: TO, to: FROM})
  const shares = plan.steps.flatMap((step) =>
    step.kind === 'set-share' ? [[step.input.region, step.input.share]] : [],
  )
  expect(shares).toEqual([
    [FROM, 1],
    [TO, 0],
  ])
})

test('of a third region that is silent it is said beforehand that its replica will have to wait', async () => {
  const it = stage('standard', THREE)
  const told = async () =>
    preflightSwitchover(await question(it), it.roles.epoch).find(({name}) => name === 'other regions')
  expect(await told()).toBeUndefined()
  it.cloud.gone.add('asia-east1')
  expect(await told()).toMatchObject({verdict: 'warn', reason: expect.stringContaining('answers in asia-east1')})
})

test.each([
  [true, 'leaves the old primary to Cloud SQL'],
  [false, 'fences it'],
])('an unplanned failover to the designated replica, gates: %s, %s', async (gates) => {
  const it = stage('critical')
  await it.cloud.begin({deed: 'designate', instance: `stay-test-${FROM}-g1`, replica: `stay-test-${TO}-g1`})
  it.cloud.gone.add(FROM)
  const topology = topologyOf(it)
  const {gate, ...database} = topology.database!
  expect(gate).toBeDefined()
  const plan = planUnplanned(gates ? topology : {...topology, database}, it.roles, await sceneOf(it), {
    from: FROM,
    to: TO,
  })
  expect(plan.steps.find(({id}) => id === 'promote')?.input).toMatchObject({failover: gates})
  expect(idsOf(plan).includes('fence-old')).toBe(!gates)
})

test('an unplanned failover leaves what was not deployed before it, but for the stacks that it changes itself', async () => {
  const it = stage()
  const want = {from: FROM, to: TO, undeployed: ['data', 'app-us-east1', 'edge', 'migration']}
  const {steps} = planUnplanned(topologyOf(it), it.roles, await sceneOf(it), want)
  expect(steps.find(({id}) => id === 'reconcile')).toMatchObject({input: {leave: ['app-us-east1', 'migration']}})
})

test('an unplanned failover has queues deliver the lost seconds again, once the new primary is recorded', async () => {
  const it = stage()
  it.cloud.gone.add(FROM)
  const scene = await sceneOf(it)
  const {steps, lossBoundSeconds} = planUnplanned(topologyOf(it), it.roles, scene, {from: FROM, to: TO})
  const ids = steps.map(({id}) => id)
  expect(ids.indexOf('redeliver')).toBeGreaterThan(ids.indexOf('roles'))
  const seconds = Math.ceil(lossBoundSeconds! + 60)
  expect(steps.find(({id}) => id === 'redeliver')?.input).toEqual({
    ...{subscriptions: topologyOf(it).queues.map(({subscription}) => subscription), now: scene.at},
    since: scene.at - seconds * 1000,
  })
  const without = planUnplanned({...topologyOf(it), queues: []}, it.roles, scene, {from: FROM, to: TO})
  expect(without.steps.map(({id}) => id)).not.toContain('redeliver')
})

const THREE = [FROM, TO, 'asia-east1']
const idsOf = ({steps}: {readonly steps: readonly {readonly id: string}[]}) => steps.map(({id}) => id)

test('readers of a third region ask the new primary from its first write on, and their own once it is made again', async () => {
  const it = stage('standard', THREE)
  it.cloud.gone.add(FROM)
  const ids = idsOf(planUnplanned(topologyOf(it), it.roles, await sceneOf(it), {from: FROM, to: TO}))
  const order = [
    ...['pass', 'readers-away-asia-east1', 'verify'],
    ...['first-backup', 'replica-asia-east1', 'readers-home-asia-east1'],
  ]
  expect(ids.filter((id) => order.includes(id))).toEqual(order)
})

test('before a planned change of primary readers of a third region leave a replica that will be left behind', async () => {
  const it = stage('standard', THREE)
  const want = {from: FROM, to: TO, keepTraffic: true}
  const {steps} = planSwitchover(topologyOf(it), it.roles, await sceneOf(it), want)
  const order = ['readers-away-asia-east1', 'hold', 'promote', 'first-backup', 'replica-asia-east1']
  expect(idsOf({steps}).filter((id) => order.includes(id))).toEqual(order)
  expect(steps.find(({id}) => id === 'readers-away-asia-east1')?.undo).toBeDefined()
})

test('a replica that received more of a lost primary’s log than the one that is to take over is named', async () => {
  const it = stage('standard', THREE)
  it.cloud.gone.add(FROM)
  const told = async () => preflightUnplanned(await question(it), 60).find(({name}) => name === 'further on')
  expect(await told()).toBeUndefined()
  it.cloud.servers.get('stay-test-asia-east1-g1')!.lsn += 512
  expect(await told()).toMatchObject({
    verdict: 'warn',
    reason: expect.stringContaining('512 bytes'),
    hint: expect.stringContaining('--to asia-east1'),
  })
})

test.each([
  ['as soon as it is open', true, expect.any(Number)],
  ['that it is not, without failing', false, null],
])('the recovery window of a new primary is told: %s', async (_, opens, expected) => {
  const it = stage('standard', THREE)
  if (!opens) it.cloud.recoveryWindow = async () => undefined
  const want = {from: FROM, to: TO, keepTraffic: true}
  await it.run(planSwitchover(topologyOf(it), it.roles, await sceneOf(it), want), 'fresh')
  const figures = figuresOf(parseEntries(await it.lines(), it.operation))
  expect(figures.recoverableSince).toEqual(expected)
  expect(figures.leftBehind).toEqual([`stay-test-${FROM}-g1`, 'stay-test-asia-east1-g1'])
})
