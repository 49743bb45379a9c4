import * as Flags from '@oclif/core/flags'
import {stacksOf} from '../../stacks/index.ts'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {loadConfig} from '../config/load.ts'
import {type Chosen, openEnvironment} from '../environment/environment.ts'
import {asHaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import {graphDot, graphMermaid, graphTree} from '../report/graph.ts'
import {deriveTopology} from '../topology/derive.ts'
import {initialRoles} from '../topology/roles.ts'
import type {Topology} from '../topology/topology.ts'

export default class Graph extends HaCommand {
  static override summary = 'Show the stacks and steps of a deploy, and what waits for what.'
  static override examples = ['<%= config.bin %> graph', '<%= config.bin %> graph --format mermaid']
  static override flags = {
    ...commonFlags,
    ...configFlags,
    format: Flags.option({options: ['text', 'mermaid', 'dot'] as const, default: 'text', summary: 'How to draw it.'})(),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Graph)
    const {emit, report, style} = this.begin(flags)
    const topology = await topologyOf(this.surroundings().cwd, flags, emit)
    const nodes = stacksOf(topology).map(({name, kind, needs}) => ({name, kind, needs}))
    const lines = {text: () => graphTree(nodes, style), mermaid: () => graphMermaid(nodes), dot: () => graphDot(nodes)}
    report.result(lines[flags.format](), {nodes})
  }
}

/** Shown without an account too: then it is not known what became of the regions. */
async function topologyOf(cwd: string, {file, env}: Chosen, emit: Emit): Promise<Topology> {
  try {
    return (await openEnvironment(cwd, {file, env})).topology
  } catch (thrown) {
    if (asHaError(thrown).code !== 'CREDENTIALS_MISSING') throw thrown
    const message = 'Without credentials it is not known which regions were given up: this is a first deploy.'
    emit({kind: 'warning.raised', message, next: []})
    const config = loadConfig({cwd, ...(file !== undefined && {file}), ...(env !== undefined && {environment: env})})
    return deriveTopology(config, initialRoles(config))
  }
}
