/** Stacks that were deployed and that the topology no longer has: of a region, or of all queues, taken out of ha.yaml. */
import type {Node, Stack} from '../../stacks/stack.ts'
import type {StackPlan} from '../events/events.ts'
import {cloudResources} from './state.ts'
import {partOf} from './words.ts'
import type {Workspace} from './workspace.ts'

export interface Retired {
  /** To be destroyed, those that need others last. Their programs are empty: what is destroyed is what the state knows. */
  readonly stacks: readonly Stack[]
  /** Steps of which only the record is left. */
  readonly steps: readonly string[]
  /** Everything of them as deletions. */
  readonly plan: readonly StackPlan[]
}

/** @param recorded names of everything that ever succeeded and was not destroyed since. */
export async function retiredFrom(
  workspace: Workspace,
  recorded: readonly string[],
  nodes: readonly Node[],
): Promise<Retired> {
  const current = new Set(nodes.map(({name}) => name))
  const gone = recorded.filter((name) => !current.has(name)).sort()
  const states = await Promise.all(gone.map(async (name) => [name, await workspace.state.read(name)] as const))
  const deployed = states.filter(([, checkpoint]) => checkpoint !== undefined)
  return {
    steps: states.filter(([, checkpoint]) => checkpoint === undefined).map(([name]) => name),
    stacks: deployed.map(([name]) => emptied(name, gone)),
    plan: deployed.map(([name, checkpoint]) => ({
      stack: name,
      verdict: 'change',
      changes: cloudResources(checkpoint).map(({urn, inputs}) => ({
        part: partOf(urn, inputs ?? {}, {name}),
        action: 'delete',
        fields: [],
      })),
    })),
  }
}

/** Workloads go before the cluster they run on. */
function emptied(name: string, gone: readonly string[]): Stack {
  const ground = name.replace(/^app-/, 'cell-')
  return {
    kind: 'stack',
    name,
    needs: ground !== name && gone.includes(ground) ? [ground] : [],
    input: () => undefined,
    program: async () => ({}),
  }
}
