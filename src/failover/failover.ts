/** `ha failover`: look, plan, agree, carry out. */
import {approve} from '../cli/approve.ts'
import {checkKnown} from '../cli/choices.ts'
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import {downgradeChecks, downgradesOf} from '../deploy/downgrades.ts'
import {movedNodes} from '../deploy/plan.ts'
import type {Environment} from '../environment/environment.ts'
import {operableOf} from '../environment/operable.ts'
import type {Run} from '../environment/run.ts'
import {HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {assertPasses, type Check} from '../operations/check.ts'
import {isPerhapsStale} from '../operations/evidence.ts'
import {execute, undo} from '../operations/execute.ts'
import {hasRejoined, planFailback, preflightFailback, returnedRoles} from '../operations/failback.ts'
import {type Entry, openJournal} from '../operations/journal.ts'
import {assertNoneOpen, close, type OpenOperation, open, readLast, readOpen, remember} from '../operations/open.ts'
import type {Plan} from '../operations/plan.ts'
import {preflightSwitchover, type Question, takeover} from '../operations/preflight.ts'
import {cooledDown, deployed, outsideWindows, readiness, readinessAnyway} from '../operations/readiness.ts'
import {LOOK_MS, observersOf, observeScene, type Scene} from '../operations/scene.ts'
import {planEvacuation, planSwitchover} from '../operations/switchover.ts'
import {planUnplanned, preflightUnplanned} from '../operations/unplanned.ts'
import {openJournals} from '../store/journal.ts'
import {deriveTopology} from '../topology/derive.ts'
import {meansOf} from './means.ts'

export interface FailoverWish {
  readonly region: string
  readonly to?: string | undefined
  readonly keepTraffic: boolean
  /** The region is gone: so many milliseconds of its last writes may be lost. */
  readonly acceptLossMs?: number | undefined
  /** Why it is done now although something speaks for waiting. */
  readonly despite?: string | undefined
}

export interface Prepared {
  readonly plan: Plan
  readonly checks: readonly Check[]
}

/** What would be done, and what speaks against it. Changes nothing. @throws HaError USAGE, OPERATION_OPEN, NOT_DEPLOYED */
export async function prepareFailover(environment: Environment, wish: FailoverWish): Promise<Prepared> {
  const {topology, roles, store} = environment
  await assertNoneOpen(store)
  const from = wish.region
  const to = successorOf(environment, wish)
  const how = wish.acceptLossMs === undefined ? 'planned' : 'unplanned'
  const {scene, last, downgrades, undeployed} = await look(environment, how)
  const want = {from, to, keepTraffic: wish.keepTraffic}
  const question = {topology, scene, from, to}
  const {despite} = wish
  const known = {last, despite, undeployed}
  const lowered = downgradeChecks(downgrades, how === 'planned')
  if (!topology.database || roles.primary !== from) {
    const checks = [...takeover(question), ...readiness(question, known), ...lowered]
    return {plan: because(planEvacuation(topology, roles, want), despite), checks}
  }
  if (wish.acceptLossMs !== undefined) {
    const settled = await settle(environment, question)
    return {
      plan: because(planUnplanned(topology, roles, settled, {from, to, undeployed}), despite),
      checks: [
        ...preflightUnplanned({...question, scene: settled}, wish.acceptLossMs / 1000),
        ...readinessAnyway({...question, scene: settled}, known),
        ...lowered,
      ],
    }
  }
  const checks = [...preflightSwitchover(question, roles.epoch), ...readiness(question, known), ...lowered]
  return {plan: because(planSwitchover(topology, roles, scene, want), despite), checks}
}

/** All that is to be known before a plan is made, asked at once: after the loss of a region every round trip counts. */
async function look(environment: Environment, how: keyof typeof LOOK_MS) {
  const {topology, store} = environment
  const [scene, last, downgrades, undeployed] = await Promise.all([
    observeScene(operableOf(environment), topology, LOOK_MS[how]),
    readLast(store),
    downgradesOf(environment),
    import('../environment/versions.ts').then(({versionsOf}) => movedNodes(environment, versionsOf())),
  ])
  return {scene, last, downgrades, undeployed}
}

const because = (plan: Plan, despite: string | undefined): Plan => (despite === undefined ? plan : {...plan, despite})

/** Observers ask every second and wait one for the answer. */
const NOTICE_MS = 3_000
const PAUSE_MS = 200

/** Looks again once the observers have noticed too, where they alone have not yet: who gives a region up waits for nothing else. */
async function settle(environment: Environment, question: Question): Promise<Scene> {
  if (!isPerhapsStale(question)) return question.scene
  const [cloud, {topology}] = [operableOf(environment), environment]
  const deadline = systemClock.monotonic() + NOTICE_MS
  let {scene} = question
  while (isPerhapsStale({...question, scene}) && systemClock.monotonic() < deadline) {
    await systemClock.sleep(PAUSE_MS)
    scene = {...scene, observers: await observersOf(cloud, topology, LOOK_MS.unplanned)}
  }
  return observeScene(cloud, topology, LOOK_MS.unplanned)
}

/** The region that takes over: the one asked for, or the only other one that can. */
export function successorOf(
  {topology, roles}: Pick<Environment, 'topology' | 'roles'>,
  {region, to}: Pick<FailoverWish, 'region' | 'to'>,
): string {
  const {regions} = topology
  const names = regions.map(({name}) => name)
  checkKnown('region', region, regions)
  if (to !== undefined) {
    checkKnown('region', to, regions)
    if (to === region)
      throw new HaError('USAGE', `--to is the region to be left, ${region}.`, {
        next: [`ha failover --region ${region}`],
      })
    return to
  }
  const others = names.filter((name) => name !== region && !roles.lost.includes(name))
  if (others.includes(roles.primary)) return roles.primary
  if (others.length === 1) return others[0]!
  throw new HaError(
    'USAGE',
    others.length === 0 ? 'There is no other region to take over.' : `Which region takes over: ${others.join(' or ')}?`,
    {
      next: others.map((name) => `ha failover --region ${region} --to ${name}`),
    },
  )
}

export interface FailbackWish {
  readonly region: string
  readonly soakMs: number
  readonly despite?: string | undefined
}

/** The way back. Changes nothing. @throws HaError USAGE, OPERATION_OPEN, NOT_DEPLOYED */
export async function prepareFailback(environment: Environment, wish: FailbackWish): Promise<Prepared> {
  const {region, soakMs, despite} = wish
  const {topology, roles, store, config} = environment
  await assertNoneOpen(store)
  checkKnown('region', region, topology.regions)
  if (roles.primary === region && !roles.drained.includes(region)) {
    throw new HaError('USAGE', `${region} is the primary already, and in rotation.`, {next: ['ha status']})
  }
  const {scene, last, downgrades, undeployed} = await look(environment, 'planned')
  const after = returnedRoles(roles, region, hasRejoined(topology, roles, scene, region))
  const plan = planFailback(topology, deriveTopology(config, after), roles, after, scene, {
    region,
    soakSeconds: soakMs / 1000,
  })
  const question = {topology, scene, from: roles.primary, to: region}
  const lowered = downgradeChecks(downgrades, true)
  return {
    plan: because(plan, despite),
    checks: [
      ...preflightFailback(question, roles),
      deployed({undeployed}),
      cooledDown(question, {last, despite}),
      outsideWindows(question, {despite}),
      ...lowered,
    ],
  }
}

export interface OperationRequest extends Run {
  readonly emit: Emit
  readonly surroundings: Surroundings
  readonly reopen: () => Promise<Environment>
}

export interface Finished {
  readonly run: string
  readonly plan: Plan
  readonly entries: readonly Entry[]
}

/** Carries out a plan that was agreed on. @throws HaError OPERATION_UNCHANGED, OPERATION_INCOMPLETE */
export async function carryOut(request: OperationRequest, {plan, checks}: Prepared): Promise<Finished> {
  const {environment, id, lock} = request
  assertPasses(checks)
  const operation = {run: id, plan, startedAt: systemClock.now()}
  await open(environment.store, operation)
  return pursue(request, operation, 'fresh', async (means) => {
    await means.journal.write({what: 'planned', plan, fence: lock.fence})
    await execute(plan, means, 'fresh')
  })
}

/** Goes on with what was left in the middle. @throws HaError USAGE when there is nothing */
export async function resume(request: OperationRequest): Promise<Finished> {
  const operation = await requireOpen(request.environment)
  return pursue(request, operation, 'resumed', (means) => execute(operation.plan, means, 'resumed'))
}

/** Takes back what was left in the middle. @throws HaError USAGE, OPERATION_INCOMPLETE when it is too late for that */
export async function abort(request: OperationRequest): Promise<Finished> {
  const operation = await requireOpen(request.environment)
  return pursue(request, operation, 'aborting', (means) => undo(operation.plan, means))
}

async function requireOpen({store}: Environment): Promise<OpenOperation> {
  const found = await readOpen(store)
  if (found) return found.value
  throw new HaError('USAGE', 'No operation was left in the middle.', {next: ['ha status']})
}

async function pursue(
  request: OperationRequest,
  {run, plan}: OpenOperation,
  how: 'fresh' | 'resumed' | 'aborting',
  body: (means: ReturnType<typeof meansOf>) => Promise<void>,
): Promise<Finished> {
  const {environment, lock} = request
  const journal = await openJournal(
    openJournals({url: environment.paths.storeUrl, access: environment.access}),
    run,
    systemClock,
  )
  const means = meansOf({...request, cloud: operableOf(environment), journal})
  if (how !== 'fresh') await journal.write({what: how, fence: lock.fence})
  try {
    await body(means)
  } catch (thrown) {
    // Taken back wholly: nothing is left in the middle.
    if (thrown instanceof HaError && thrown.code === 'OPERATION_UNCHANGED') await close(environment.store, run)
    throw thrown
  }
  if (how !== 'aborting') {
    const {procedure, to} = plan
    await remember(environment.store, {run, procedure, to, at: systemClock.now()})
  }
  await close(environment.store, run)
  return {run, plan, entries: journal.entries()}
}

/** @throws HaError PLAN_DECLINED, PLAN_NEEDS_ANSWER */
export async function agree({plan}: Prepared, {yes, interactive}: {yes: boolean; interactive: boolean}): Promise<void> {
  await approve({yes, interactive, question: `Carry this out?`, typed: plan.from})
}
