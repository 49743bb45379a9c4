/** What a plan is made from, and the quick answer when nothing moved. */
import {stacksOf} from '../../stacks/index.ts'
import type {Versions} from '../engine/fingerprint.ts'
import {fingerprintOf} from '../engine/fingerprint.ts'
import {hashOf, type PlanFacts, serialsOf} from '../engine/plan.ts'
import type {Workspace} from '../engine/workspace.ts'
import type {StackPlan} from '../events/events.ts'
import type {Environment} from './environment.ts'

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
export function unchangedPlan(
  {topology, ledger, roles}: Environment,
  versions: Versions,
): readonly StackPlan[] | undefined {
  const all = stacksOf(topology)
  const retired = Object.keys(ledger.fingerprints).some((recorded) => !all.some(({name}) => name === recorded))
  const nodes = all.filter(({region}) => region === undefined || !roles.lost.includes(region))
  const moved = nodes.some(
    (node) => ledger.fingerprints[node.name] !== fingerprintOf(node.name, node.input(ledger.recorded), versions),
  )
  return moved || retired ? undefined : nodes.map(({name}) => ({stack: name, verdict: 'skip', changes: []}))
}
