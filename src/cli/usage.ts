import {stripVTControlCharacters} from 'node:util'
import {CLIError} from '@oclif/core/errors'
import {nearest} from '../config/nearest.ts'
import {asHaError, ERROR_CODES} from '../errors.ts'

/** What oclif's parser says, in one line: without its heading and its pointer to the help. */
export const parserWords = (message: string) =>
  stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^The following errors? occurred:$|^See more help with/.test(line))
    .join('; ')
    .replaceAll(':; ', ': ')

/** Words for what failed before any command could report it (an unknown command); returns the exit code. */
export function tellUsage(thrown: unknown, commands: readonly string[]): number {
  if (thrown instanceof CLIError) {
    if (thrown.oclif?.exit === 0) return 0
    const unknown = /^command (\S+) not found$/.exec(thrown.message)?.[1]
    const hint = unknown === undefined ? undefined : nearest(unknown.replaceAll(':', ' '), commands)
    const message = unknown === undefined ? thrown.message : `There is no command "${unknown.replaceAll(':', ' ')}".`
    process.stderr.write(`✖ ${message} [USAGE]\n  → ${hint ? `Did you mean ha ${hint}?` : 'ha --help'}\n`)
    return ERROR_CODES.USAGE.exit
  }
  const error = asHaError(thrown)
  process.stderr.write(`✖ ${error.message} [${error.code}]\n${error.next.map((line) => `  → ${line}\n`).join('')}`)
  return error.exit
}
