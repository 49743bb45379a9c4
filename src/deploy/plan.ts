/** What a plan is made from, and the quick answer when nothing moved. */
import {stacksOf} from '../../stacks/index.ts'
import type {Versions} from '../engine/fingerprint.ts'
import {fingerprintOf} from '../engine/fingerprint.ts'
import {hashOf, type PlanFacts, serialsOf} from '../engine/plan.ts'
import type {Workspace} from '../engine/workspace.ts'
import type {Environment} from '../environment/environment.ts'
import type {StackPlan} from '../events/events.ts'

/** Everything a plan of this environment is made from, as it is now. */
export async function factsOf(
  {config, roles, topology}: Environment,
  {workspace, versions}: {workspace: Workspace; versions: Versions},
): Promise<PlanFacts> {
  const stacks = stacksOf(topology).filter(({kind}) => kind === 'stack')
  return {
    app: config.app,
    environment: config.environment,
    config: hashOf(config),
    rolesEpoch: roles.epoch,
    serials: await serialsOf(
      workspace,
      stacks.map(({name}) => name),
    ),
    versions,
  }
}

/**
 * A plan in which every stack is skipped, when nothing that any of them depends on has moved since its last success: told
 * from fingerprints alone, without engine, provider or cloud. undefined when something did move.
 */
export function unchangedPlan(environment: Environment, versions: Versions): readonly StackPlan[] | undefined {
  if (movedNodes(environment, versions).length > 0) return undefined
  return wantedNodes(environment).map(({name}) => ({stack: name, verdict: 'skip', changes: []}))
}

/** Stacks and steps that something they depend on has moved for, or that are wanted no more; by name. */
export function movedNodes(environment: Environment, versions: Versions): readonly string[] {
  const {topology, ledger} = environment
  const all = new Set(stacksOf(topology).map(({name}) => name))
  const moved = wantedNodes(environment).filter(
    (node) => ledger.fingerprints[node.name] !== fingerprintOf(node.name, node.input(ledger.recorded), versions),
  )
  return [...moved.map(({name}) => name), ...Object.keys(ledger.fingerprints).filter((recorded) => !all.has(recorded))]
}

/** All but those of regions that were given up. */
const wantedNodes = ({topology, roles}: Pick<Environment, 'topology' | 'roles'>) =>
  stacksOf(topology).filter(({region}) => region === undefined || !roles.lost.includes(region))
