import * as Flags from '@oclif/core/flags'
import {stacksOf} from '../../stacks/index.ts'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags} from '../cli/flags.ts'
import {openEnvironment} from '../environment/environment.ts'
import {graphDot, graphMermaid, graphTree} from '../report/graph.ts'

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
    const {report, style} = this.begin(flags)
    const {topology} = await openEnvironment(this.surroundings().cwd, flags)
    const nodes = stacksOf(topology).map(({name, kind, needs}) => ({name, kind, needs}))
    const lines = {text: () => graphTree(nodes, style), mermaid: () => graphMermaid(nodes), dot: () => graphDot(nodes)}
    report.result(lines[flags.format](), {nodes})
  }
}
