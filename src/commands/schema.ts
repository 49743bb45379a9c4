import {HaCommand} from '../cli/command.ts'
import {commonFlags} from '../cli/flags.ts'

export default class Schema extends HaCommand {
  static override summary = 'Print the JSON Schema of ha.yaml, for editors.'
  static override examples = ['<%= config.bin %> schema > ha.schema.json']
  static override flags = commonFlags

  async run(): Promise<void> {
    const {flags} = await this.parse(Schema)
    const {report} = this.begin(flags)
    const {configJsonSchema} = await import('../config/json-schema.ts')
    const schema = configJsonSchema()
    report.result([JSON.stringify(schema, undefined, 2)], schema)
  }
}
