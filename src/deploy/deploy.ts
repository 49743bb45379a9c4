/** `ha deploy`: preview what moved, agree on it, run it, see it serve. */
import {approve} from '../cli/approve.ts'
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import type {Observation} from '../cloud/cloud.ts'
import {observeEmulator, stopEmulator} from '../engine/emulator.ts'
import {interrupted} from '../engine/interrupts.ts'
import {assertFresh, assertSafe, assertSameSteps, readPlan} from '../engine/plan.ts'
import type {GraphResult} from '../engine/run-graph.ts'
import {clusterEndpoints, type Environment} from '../environment/environment.ts'
import {openPlatform, type Platform} from '../environment/platform.ts'
import {assertRolesAgree, recordRoles} from '../environment/roles.ts'
import {assertSucceeded, assertWhole, type Run} from '../environment/run.ts'
import type {Emit, StackPlan} from '../events/events.ts'
import {assertNoneOpen} from '../operations/open.ts'
import {forgetNode} from '../store/documents.ts'
import {assertAccepted, downgradesOf, recordDeployed} from './downgrades.ts'
import {registerImages} from './images.ts'
import {factsOf} from './plan.ts'
import {untilServing, writeKubeconfigs} from './serving.ts'

export interface DeployRequest extends Run {
  readonly emit: Emit
  readonly surroundings: Surroundings
  readonly yes: boolean
  /** A saved plan to carry out, nothing else. */
  readonly plan?: string | undefined
  readonly only?: readonly string[] | undefined
  readonly all: boolean
  readonly refresh: boolean
  /** Parts that may lose their data. */
  readonly mayLose: readonly string[]
  /** Downgrades of availability that are meant, by name. */
  readonly accepted: readonly string[]
}

export interface Deployed {
  readonly changed: boolean
  readonly observation: Observation
  readonly kubeconfigs: Readonly<Record<string, string>>
  readonly environment: Environment
}

export async function deploy(request: DeployRequest): Promise<Deployed> {
  const {environment, emit, interrupts, lock, surroundings} = request
  const {topology, config, paths} = environment
  await assertNoneOpen(environment.store)
  const wasRunning = config.target !== 'local' || (await observeEmulator(paths.emulator)) !== undefined
  // As long as nothing was agreed, nothing stays that was started only to make the plan.
  const leaveNothing = async (thrown: unknown) => {
    if (!wasRunning) await stopEmulator(paths.emulator, surroundings.env)
    throw thrown
  }
  const platform = await openPlatform({environment, emit, surroundings, interrupts}).catch(leaveNothing)
  await assertRolesAgree(platform.cloud, environment)
  for (const step of platform.retired.steps) await forgetNode(environment.store, step)
  if (platform.emulator) await registerImages(platform.emulator.googleapis, config, paths.base, topology.database?.gate)

  const over = {
    all: request.all,
    refresh: request.refresh,
    ...(request.only && {only: request.only}),
    assertHeld: lock.assertHeld,
  }
  const planned = await agree(request, platform, over).catch(leaveNothing)
  const changed =
    request.all || request.refresh || planned === undefined || planned.plan.some(({verdict}) => verdict === 'change')
  const result = changed ? await carryOut(environment, platform, over, surroundings.self) : undefined
  const {silent, nodes} = result ?? planned?.preview ?? NOTHING_RUN
  // With --only, or without an answer, the rest may still be what it was.
  if (request.only === undefined && silent.length === 0) await recordDeployed(environment)
  const recorded = result?.recorded ?? environment.ledger.recorded
  const kubeconfigs = writeKubeconfigs(topology, recorded, paths)
  const endpoints = clusterEndpoints({topology, ledger: {recorded, fingerprints: {}}})
  const observation = await untilServing({
    cloud: platform.cloud,
    topology: {...topology, regions: topology.regions.filter(({name}) => !silent.includes(name))},
    endpoints,
    clock: systemClock,
    emit,
    signal: interrupts.cancel,
  })
  assertWhole({silent, nodes}, surroundings.self)
  return {changed, observation, kubeconfigs, environment}
}

const NOTHING_RUN: Pick<GraphResult, 'silent' | 'nodes'> = {silent: [], nodes: []}

type Over = Parameters<Platform['run']>[1]

/** The agreed plan; undefined when there is nothing deployed that a plan could endanger and nobody wants to be asked. */
async function agree(
  request: DeployRequest,
  platform: Platform,
  over: Over,
): Promise<{readonly plan: readonly StackPlan[]; readonly preview: GraphResult} | undefined> {
  const {environment, emit, yes, interrupts} = request
  const isFirst = Object.keys(environment.ledger.fingerprints).length === 0
  const saved = request.plan === undefined ? undefined : await readPlan(request.plan)
  if (saved) assertFresh(saved, await factsOf(environment, platform))
  if (isFirst && yes && !saved) return undefined

  const preview = await platform.run('preview', over)
  if (interrupts.cancel.aborted) throw interrupted()
  assertSucceeded(preview, `${request.surroundings.self} deploy`)
  const plan = [...preview.plan, ...platform.retired.plan]
  const downgrades = await downgradesOf(environment)
  if (saved) assertSameSteps(saved, {stacks: plan, downgrades})
  emit({kind: 'plan.made', stacks: plan, downgrades, warnings: environment.topology.warnings})
  assertAccepted(downgrades, request.accepted)
  assertSafe(plan, request.mayLose, '--may-lose')
  if (downgrades.length > 0 || plan.some(({verdict}) => verdict === 'change')) {
    const {app, environment: name} = environment.config
    await approve({
      yes: yes || saved !== undefined,
      interactive: request.surroundings.interactive,
      question: `Deploy this to ${app} (${name})?`,
    })
  }
  return {plan, preview}
}

async function carryOut(environment: Environment, platform: Platform, over: Over, self: string): Promise<GraphResult> {
  await recordRoles(environment)
  const result = await platform.run('up', over)
  assertSucceeded(result, `${self} deploy`)
  // Last, when nothing that stays refers to it any more.
  const {stacks} = platform.retired
  if (stacks.length > 0) assertSucceeded(await platform.run('destroy', {...over, nodes: stacks}), `${self} deploy`)
  return result
}
