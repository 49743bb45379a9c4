/** Every procedure, begun where it may be begun, and what must be true of the platform once it is over. */
import {expect} from 'vitest'
import {hasRejoined, planFailback, returnedRoles} from '../../src/operations/failback.ts'
import {parseEntries} from '../../src/operations/journal.ts'
import type {Plan} from '../../src/operations/plan.ts'
import {stopForGood} from '../../src/operations/steps/fence.ts'
import {changedRoles} from '../../src/operations/steps/roles.ts'
import {planEvacuation, planSwitchover} from '../../src/operations/switchover.ts'
import {planUnplanned} from '../../src/operations/unplanned.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import type {Roles} from '../../src/topology/topology.ts'
import {FROM, type Stage, sceneOf, stage, TO, topologyOf} from './stage.ts'

export interface Begun {
  readonly it: Stage
  readonly plan: Plan
  /** Roles and number of deeds when the procedure began. */
  readonly roles: Roles
  readonly deedsBefore: number
}

const begun = (it: Stage, plan: Plan): Begun => {
  it.operation = `run-of-${plan.procedure}`
  it.deeds.length = 0
  return {it, plan, roles: it.roles, deedsBefore: it.cloud.begun.length}
}

const THREE = [FROM, TO, 'asia-east1']

async function planned(preset: 'standard' | 'critical', regions?: string[]): Promise<Begun> {
  const it = stage(preset, regions)
  const want = {from: FROM, to: TO, keepTraffic: false}
  return begun(it, planSwitchover(topologyOf(it), it.roles, await sceneOf(it), want))
}

async function unplanned(preset: 'standard' | 'critical' = 'standard', regions?: string[]): Promise<Begun> {
  const it = stage(preset, regions)
  const [old, next] = [FROM, TO].map((region) => `stay-test-${region}-g1`) as [string, string]
  // As the deploy does where the edition has such a thing.
  if (preset === 'critical') await it.cloud.begin({deed: 'designate', instance: old, replica: next})
  it.cloud.gone.add(FROM)
  return begun(it, planUnplanned(topologyOf(it), it.roles, await sceneOf(it), {from: FROM, to: TO}))
}

/** The region that took over, while its traffic was elsewhere, is itself lost. */
async function unplannedToDrained(): Promise<Begun> {
  const {it, plan} = await planned('standard')
  await it.run(plan, 'fresh')
  it.cloud.gone.add(TO)
  return begun(it, planUnplanned(topologyOf(it), it.roles, await sceneOf(it), {from: TO, to: FROM}))
}

async function evacuation(): Promise<Begun> {
  const it = stage()
  return begun(it, planEvacuation(topologyOf(it), it.roles, {from: TO, to: FROM, keepTraffic: false}))
}

async function back(it: Stage): Promise<Begun> {
  const scene = await sceneOf(it)
  const after = returnedRoles(it.roles, FROM, hasRejoined(topologyOf(it), it.roles, scene, FROM))
  const [now, then] = [topologyOf(it), deriveTopology(it.config, after)]
  const want = {region: FROM, soakSeconds: 2}
  return begun(it, planFailback(now, then, it.roles, after, scene, want))
}

async function failbackOfReturned(preset: 'standard' | 'critical'): Promise<Begun> {
  const {it, plan} = await planned(preset)
  await it.run(plan, 'fresh')
  return back(it)
}

/** What only the lost region's primary has. */
export const ORPHANS = [{id: 7, guest: "O'Hara"}]

/** Cloud SQL has made the old primary a replica by then. */
async function failbackOfRejoined(): Promise<Begun> {
  const {it, plan} = await unplanned('critical')
  await it.run(plan, 'fresh')
  it.cloud.gone.delete(FROM)
  return back(it)
}

async function failbackOfLost(regions?: string[]): Promise<Begun> {
  const {it, plan} = await unplanned('standard', regions)
  await it.run(plan, 'fresh')
  it.cloud.gone.delete(FROM)
  it.cloud.orphans.set(`stay-test-${FROM}-g1`, ORPHANS)
  // As every command does first.
  const {instance} = it.fences[0]!
  expect(await stopForGood(await it.means(), instance)).toBe('confirmed')
  it.fences = it.fences.map((fence) => ({...fence, state: 'confirmed'}))
  return back(it)
}

export const PROCEDURES: readonly (readonly [string, () => Promise<Begun>])[] = [
  ['switchover, Enterprise', () => planned('standard')],
  ['switchover, Enterprise Plus', () => planned('critical')],
  ['switchover between two of three regions', () => planned('standard', THREE)],
  ['switchover between two of three regions, Enterprise Plus', () => planned('critical', THREE)],
  ['failover of one of three regions', () => unplanned('standard', THREE)],
  ['failover of one of three regions, Enterprise Plus', () => unplanned('critical', THREE)],
  ['failover of a lost region, Enterprise', () => unplanned()],
  ['failover of a lost region, Enterprise Plus', () => unplanned('critical')],
  ['failover of a lost region to one out of rotation', unplannedToDrained],
  ['failback of a region that was left in order, Enterprise', () => failbackOfReturned('standard')],
  ['failback of a region that was left in order, Enterprise Plus', () => failbackOfReturned('critical')],
  ['failback of a lost region that wrote alone', () => failbackOfLost()],
  ['failback of a lost one of three regions', () => failbackOfLost(THREE)],
  ['failback of a lost region that follows already', failbackOfRejoined],
  ['evacuation', evacuation],
]

const rolesAfter = ({plan, roles}: Begun): Roles =>
  plan.steps.reduce((now, step) => {
    if (step.kind === 'record-roles') return changedRoles(now, step.input.change)
    if (step.kind === 'return-region')
      return {
        ...returnedRoles(now, step.input.region, true),
        generations: {...now.generations, [step.input.region]: step.input.generation},
      }
    return now
  }, roles)

/** Reachable, takes writes, and is not one that must never again. */
export function servable({cloud, fences}: Stage): readonly string[] {
  const isFenced = (name: string) => fences.some(({instance}) => instance === name)
  return cloud.writable().filter((name) => !isFenced(name) && !cloud.gone.has(cloud.servers.get(name)!.facts.region))
}

export interface Allowed {
  /** The journal was lost on the way, and with it what only it knew. */
  readonly journalLost?: boolean
  /** Readers may have been sent the longer way. */
  readonly readersAstray?: boolean
  /** A fenced instance may run until the next command stops it; nothing leads to it. */
  readonly fencedAwake?: boolean
}

/** One primary, which the roles, the record and its own server agree on; readers where they belong; shares as recorded. */
async function expectWhole(it: Stage, {readersAstray, fencedAwake}: Allowed = {}): Promise<void> {
  // Writers pass, and only to the primary of this epoch.
  expect((await it.cloud.gate())?.word).toMatchObject({epoch: it.roles.epoch, state: 'open'})
  const {cloud, roles} = it
  const {database} = topologyOf(it)
  const primary = database!.instances.find(({role}) => role === 'primary')!
  const reachable = cloud.writable().filter((name) => !cloud.gone.has(cloud.servers.get(name)!.facts.region))
  expect(fencedAwake ? servable(it) : reachable).toEqual(cloud.gone.has(primary.region) ? [] : [primary.name])
  expect(cloud.records.get(database!.record)).toBe(primary.connectionName)
  for (const {name, region, connectionName} of database!.instances) {
    if (roles.lost.includes(region)) continue
    if (!readersAstray)
      expect(cloud.records.get(database!.nearest[region]!), `readers in ${region}`).toBe(connectionName)
    if (name !== primary.name)
      expect(await cloud.position(name)).toMatchObject({inRecovery: true, streaming: !cloud.gone.has(primary.region)})
  }
  for (const [region, share] of cloud.shares)
    expect(share, `share of ${region}`).toBe(roles.drained.includes(region) ? 0 : 1)
  for (const {instance, region, state} of it.fences) {
    if (state === 'pending') expect([...cloud.gone], `${instance} can be reached`).toContain(region)
    else if (!fencedAwake) expect(cloud.servers.get(instance)!.facts.active, `${instance} runs`).toBe(false)
  }
}

export async function expectDone(of: Begun, allowed: Allowed = {}): Promise<void> {
  const {it, plan, deedsBefore} = of
  await expectWhole(it, allowed)
  const after = rolesAfter(of)
  expect({...it.roles, drained: [...it.roles.drained].sort()}).toEqual({...after, drained: [...after.drained].sort()})
  const deeds = it.cloud.begun.slice(deedsBefore).map(({deed}) => deed)
  const once = deeds.filter((deed) => deed === 'promote' || deed === 'switchover')
  expect(once).toHaveLength(plan.steps.filter(({kind}) => kind === 'promote' || kind === 'switchover').length)
  expect(it.reconciled).toBeGreaterThan(0)
  const entries = parseEntries(await it.lines(), it.operation)
  expect(entries.at(-1)).toMatchObject({what: 'finished', outcome: 'done'})
  if (allowed.journalLost) return
  const done = new Set(entries.flatMap((entry) => (entry.what === 'done' ? [entry.step] : [])))
  expect([...done].sort()).toEqual(plan.steps.map(({id}) => id).sort())
  if (plan.steps.some(({kind, region}) => kind === 'fence-old' && it.cloud.gone.has(region!)))
    expect(it.fences.at(-1)).toMatchObject({state: 'pending'})
  for (const {instance, forkXid} of it.fences) expect(forkXid, `where ${instance} was left behind`).toBe(777)
  if (plan.steps.some(({kind}) => kind === 'capture-divergence')) {
    expect(JSON.parse(it.kept.get('orphaned-writes.json')!).orphans).toEqual([
      {table: 'public.bookings', row: ORPHANS[0]},
    ])
  }
}

/** As it was before: only what a failback had already brought back may stay. */
export async function expectUndone({it, roles}: Begun): Promise<void> {
  await expectWhole(it)
  expect(it.roles).toMatchObject({epoch: roles.epoch, primary: roles.primary})
  expect(parseEntries(await it.lines(), it.operation).at(-1)).toMatchObject({what: 'finished', outcome: 'unchanged'})
}

/** Whether the primary is another one by now. */
export const isOver = ({it, roles}: Begun): boolean => {
  const [name] = servable(it)
  return name !== undefined && it.cloud.servers.get(name)!.facts.region !== roles.primary
}
