/**
 * After a change of roles: the engine's state says what the world is, and the engine itself proves that it would change nothing.
 * The instance of a region may be another one than before; its resource keeps its name in the state and is given the new id, so that
 * the engine neither deletes the old instance nor makes the new one again.
 */
import {dataInput} from '../../stacks/data/index.ts'
import {instanceArgs} from '../../stacks/data/instance.ts'
import {stacksOf} from '../../stacks/index.ts'
import type {Surroundings} from '../cli/command.ts'
import type {InstanceFacts} from '../cloud/operable.ts'
import type {Interrupts} from '../engine/interrupts.ts'
import {assertSafe} from '../engine/plan.ts'
import type {Checkpoint, StateResource} from '../engine/state.ts'
import type {Environment} from '../environment/environment.ts'
import {operableOf} from '../environment/operable.ts'
import {openPlatform} from '../environment/platform.ts'
import {assertSucceeded} from '../environment/run.ts'
import {HaError} from '../errors.ts'
import type {Emit, StackPlan} from '../events/events.ts'
import {RECONCILED} from '../operations/readiness.ts'
import type {Topology} from '../topology/topology.ts'

export interface ReconcileRequest {
  readonly environment: Environment
  /** Stacks and steps that are none of the operation's business. */
  readonly leave: readonly string[]
  readonly interrupts: Interrupts
  readonly emit: Emit
  readonly surroundings: Surroundings
  assertHeld(): Promise<void>
}

const INSTANCE = 'gcp:sql/databaseInstance:DatabaseInstance'

/** @throws HaError PLAN_UNSAFE when the engine would replace or delete anything stateful, and what stacks fail with. */
export async function reconcile(request: ReconcileRequest): Promise<string> {
  const {environment, interrupts, surroundings, leave, assertHeld} = request
  const again = `${surroundings.self} failover resume`
  // Of the engine's many events only failures matter here.
  const emit: Emit = (event) => {
    if (/^(stack\.failed|part\.failed|engine\.silent|interrupt\.received|stack\.finished)$/.test(event.kind))
      request.emit(event)
  }
  const platform = await openPlatform({environment, emit, surroundings, interrupts})
  const {state} = platform.workspace
  const before = await state.read('data')
  const after = before && withRoles(before, environment.topology, await operableOf(environment).instances())
  await assertHeld()
  if (after) await state.write('data', after)

  const over = {only: RECONCILED, refresh: true, assertHeld}
  const preview = await platform.run('preview', over)
  assertSucceeded(preview, again)
  assertUpdatesOnly(preview.plan)
  const up = await platform.run('up', over)
  assertSucceeded(up, again)
  // Everything else that depends on roles, as `ha deploy` would do it.
  const only = stacksOf(environment.topology).flatMap(({name}) => (leave.includes(name) ? [] : name))
  const then = {only, assertHeld, recorded: up.recorded, fingerprints: up.fingerprints}
  const rest = await platform.run('preview', then)
  assertSucceeded(rest, again)
  if (rest.plan.some(({verdict}) => verdict === 'change')) {
    assertUpdatesOnly(rest.plan)
    assertSucceeded(await platform.run('up', then), again)
  }
  return `${preview.plan.flatMap(({changes}) => changes).length} updates, nothing replaced, nothing deleted`
}

function assertUpdatesOnly(plan: readonly StackPlan[]): void {
  assertSafe(plan, [], '--may-lose')
  const bad = plan
    .filter(({stack}) => stack === 'data')
    .flatMap(({changes}) => changes.filter(({action}) => action !== 'update'))
  if (bad.length === 0) return
  const list = bad.map(({action, part}) => `${action} ${part.what} ${part.name}`).join('; ')
  throw new HaError('PLAN_UNSAFE', `After the change of roles the engine would do this: ${list}. It was not done.`, {
    next: ['ha plan --refresh'],
  })
}

/** The state with each region's instance as it is now: its id, and what the program asks for in its role. Pure. */
export function withRoles(checkpoint: Checkpoint, topology: Topology, facts: readonly InstanceFacts[]): Checkpoint {
  const {latest} = checkpoint.checkpoint
  if (!latest?.resources || !topology.database) return checkpoint
  const input = dataInput(topology, topology.database)
  const resources = latest.resources.map((resource): StateResource => {
    const instance = input.instances.find(
      ({region}) => resource.type === INSTANCE && resource.urn.endsWith(`::${region}`),
    )
    if (!instance) return resource
    if (instance.lost) return asFollower(resource, facts.find(({name}) => name === instance.name)?.primary)
    const inputs: Record<string, unknown> = {...resource.inputs, ...(instanceArgs(input, instance) as object)}
    if (instance.role === 'primary') delete inputs.masterInstanceName
    return {...resource, id: instance.name, inputs, outputs: {...resource.outputs, name: instance.name}}
  })
  return {...checkpoint, checkpoint: {...checkpoint.checkpoint, latest: {...latest, resources}}}
}

/** One that is out of reach keeps all but its role, where Cloud SQL has made it a replica on record. */
const asFollower = (resource: StateResource, primary: string | undefined): StateResource =>
  primary === undefined
    ? resource
    : {
        ...resource,
        inputs: {...resource.inputs, instanceType: 'READ_REPLICA_INSTANCE', masterInstanceName: primary},
      }
