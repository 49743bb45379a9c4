/** The questions of `ha init`; each skipped when a flag already answers it. */
import inquirer from 'inquirer'
import {REGION_ZONES} from '../config/regions.ts'
import {HaError} from '../errors.ts'

export interface InitAnswers {
  readonly template: string
  readonly app: string
  readonly regions: readonly string[]
}

interface Given {
  readonly template?: string | undefined
  readonly app?: string | undefined
  readonly region?: readonly string[] | undefined
}

/** What is chosen already stands first, in its order, which is also the order of the answer. */
const regionsFrom = (chosen: readonly string[]): readonly string[] => [
  ...chosen,
  ...Object.keys(REGION_ZONES).filter((name) => !chosen.includes(name)),
]

/** @throws HaError PLAN_DECLINED when the person leaves with Ctrl-C. */
export async function askInit(defaults: InitAnswers, given: Given, templates: readonly string[]): Promise<InitAnswers> {
  try {
    const answers = await inquirer.prompt(
      [
        {type: 'select', name: 'template', message: 'Template', choices: [...templates], default: defaults.template},
        {
          type: 'input',
          name: 'app',
          message: 'Name of the app',
          default: defaults.app,
          validate: (name: string) =>
            /^[a-z][a-z0-9-]{1,18}[a-z0-9]$/.test(name) || 'Lower-case letters, digits and dashes; 3 to 20 of them.',
        },
        {
          type: 'checkbox',
          name: 'regions',
          message: 'Regions (the first is where the primary is born)',
          pageSize: 10,
          choices: regionsFrom(defaults.regions).map((name) => ({
            name,
            value: name,
            checked: defaults.regions.includes(name),
          })),
          validate: (chosen: readonly unknown[]) => chosen.length >= 2 || 'At least two, so that one can be lost.',
        },
      ],
      {
        ...(given.template !== undefined && {template: given.template}),
        ...(given.app !== undefined && {app: given.app}),
        ...(given.region !== undefined && {regions: [...given.region]}),
      },
    )
    return {...defaults, ...answers}
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') {
      throw new HaError('PLAN_DECLINED', 'Left. Nothing was written.')
    }
    throw error
  }
}
