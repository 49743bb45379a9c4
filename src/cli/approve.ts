import {HaError} from '../errors.ts'

export interface Approval {
  /** `--yes` was given. */
  readonly yes: boolean
  readonly interactive: boolean
  /** A question that yes or no answers. */
  readonly question: string
  /** Must be typed instead of yes, for what cannot be undone. */
  readonly typed?: string
}

/**
 * Returns when a person, or `--yes`, agreed.
 * @throws HaError PLAN_DECLINED, PLAN_NEEDS_ANSWER (nobody to ask and no --yes)
 */
export async function approve({yes, interactive, question, typed}: Approval): Promise<void> {
  if (yes) return
  if (!interactive) {
    throw new HaError('PLAN_NEEDS_ANSWER', `This needs an answer and there is no terminal to ask at: ${question}`, {
      next: ['Add --yes to go ahead without asking.'],
    })
  }
  if (!(await ask(question, typed))) throw new HaError('PLAN_DECLINED', 'Declined. Nothing was changed.')
}

/** Ctrl-C at the prompt is a no. */
async function ask(question: string, typed: string | undefined): Promise<boolean> {
  const {default: inquirer} = await import('inquirer')
  try {
    if (typed === undefined) {
      const {ok} = await inquirer.prompt([{type: 'confirm', name: 'ok', message: question, default: false}])
      return ok
    }
    const {word} = await inquirer.prompt([
      {type: 'input', name: 'word', message: `${question} Type ${typed} to go ahead:`},
    ])
    return word.trim() === typed
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') return false
    throw error
  }
}
