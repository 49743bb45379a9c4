import {resolve} from 'node:path'
import * as Flags from '@oclif/core/flags'
import {HaCommand} from '../cli/command.ts'
import {commonFlags, configFlags, scopeFlags} from '../cli/flags.ts'
import {writeMarkdown} from '../deploy/markdown.ts'
import {openEnvironment} from '../environment/environment.ts'
import {costLine} from '../report/cost.ts'
import {planLines} from '../report/words.ts'

const CHANGES_FOUND = 2

export default class Plan extends HaCommand {
  static override summary = 'Show what a deploy would change. Changes nothing.'
  static override examples = ['<%= config.bin %> plan', '<%= config.bin %> plan --out plan.json --markdown plan.md']
  static override flags = {
    ...commonFlags,
    ...configFlags,
    ...scopeFlags,
    out: Flags.string({summary: 'Save the plan, for deploy --plan.'}),
    markdown: Flags.string({summary: 'Write it as Markdown too, for a pull request.'}),
    'detailed-exitcode': Flags.boolean({summary: 'Exit with 2 when there are changes.'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Plan)
    const {report, emit, style} = this.begin(flags)
    const surroundings = this.surroundings()
    const environment = await openEnvironment(surroundings.cwd, flags)
    const {makePlan, warningsOf} = await import('../deploy/preview.ts')
    const out = flags.out === undefined ? undefined : resolve(surroundings.cwd, flags.out)
    const made = await makePlan({...flags, environment, emit, surroundings, out})
    const {stacks, downgrades, silent} = made
    const warnings = warningsOf(environment, made)
    if (flags.markdown !== undefined)
      await writeMarkdown(resolve(surroundings.cwd, flags.markdown), environment, {...made, warnings})
    const changes = downgrades.length > 0 || stacks.some(({verdict}) => verdict === 'change')
    const cost = environment.config.target === 'gcp' ? [costLine(environment.topology)] : []
    const saved = out === undefined ? [] : [`Saved to ${flags.out}.`]
    report.result([...planLines({stacks, downgrades, warnings}, style), ...cost, ...saved], {
      changes,
      stacks,
      downgrades,
      silent,
      warnings,
      cost: cost[0],
    })
    if (changes && flags['detailed-exitcode']) process.exitCode = CHANGES_FOUND
  }
}
