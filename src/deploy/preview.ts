/** `ha plan`: the cheapest way to the truth. Nothing is started when nothing moved; what had to be started is ended again. */
import type {Surroundings} from '../cli/command.ts'
import {systemClock} from '../clock.ts'
import {observeEmulator, stopEmulator} from '../engine/emulator.ts'
import {interrupted, listenForInterrupts} from '../engine/interrupts.ts'
import {writePlan} from '../engine/plan.ts'
import type {Environment} from '../environment/environment.ts'
import {openPlatform} from '../environment/platform.ts'
import {assertSucceeded} from '../environment/run.ts'
import {versionsOf} from '../environment/versions.ts'
import type {Emit, StackPlan} from '../events/events.ts'
import type {Downgrade} from '../topology/downgrades.ts'
import {downgradesOf} from './downgrades.ts'
import {factsOf, unchangedPlan} from './plan.ts'

export interface PlanRequest {
  readonly environment: Environment
  readonly emit: Emit
  readonly surroundings: Surroundings
  /** Absolute path to save the plan to. */
  readonly out?: string | undefined
  readonly only?: readonly string[] | undefined
  readonly all: boolean
  readonly refresh: boolean
}

export interface MadePlan {
  readonly stacks: readonly StackPlan[]
  readonly downgrades: readonly Downgrade[]
  /** Regions that do not answer: what would change in them is not known. */
  readonly silent: readonly string[]
}

export async function makePlan(request: PlanRequest): Promise<MadePlan> {
  const {environment, out, all, refresh} = request
  const downgrades = await downgradesOf(environment)
  if (out === undefined && !all && !refresh) {
    const stacks = unchangedPlan(environment, versionsOf())
    if (stacks) return {stacks, downgrades, silent: []}
  }
  if (environment.config.target === 'gcp') return {...(await preview(request, downgrades)), downgrades}
  const wasRunning = (await observeEmulator(environment.paths.emulator)) !== undefined
  try {
    return {...(await preview(request, downgrades)), downgrades}
  } finally {
    if (!wasRunning) await stopEmulator(environment.paths.emulator, request.surroundings.env)
  }
}

/** What a reader of the plan must know besides its changes. Pure. */
export const warningsOf = ({topology}: Pick<Environment, 'topology'>, {silent}: Pick<MadePlan, 'silent'>) => [
  ...silent.map((region) => `${region} does not answer: what would change in it is not part of this plan.`),
  ...topology.warnings,
]

async function preview(
  {environment, emit, surroundings, out, only, all, refresh}: PlanRequest,
  downgrades: readonly Downgrade[],
): Promise<Pick<MadePlan, 'stacks' | 'silent'>> {
  using interrupts = listenForInterrupts(process, emit)
  const platform = await openPlatform({environment, emit, surroundings, interrupts})
  const result = await platform.run('preview', {all, refresh, ...(only && {only})})
  if (interrupts.cancel.aborted) throw interrupted()
  assertSucceeded(result, `${surroundings.self} plan`)
  const plan = [...result.plan, ...platform.retired.plan]
  if (out !== undefined) {
    const facts = await factsOf(environment, platform)
    await writePlan(out, {format: 1, madeAt: systemClock.now(), facts, stacks: plan, downgrades})
  }
  return {stacks: plan, silent: result.silent}
}
