/** What every command shares: how it reports, how it fails, and where it learns of its surroundings. */
import {userInfo} from 'node:os'
import {Command} from '@oclif/core/command'
import {CLIError} from '@oclif/core/errors'
import {systemClock} from '../clock.ts'
import {asHaError, HaError} from '../errors.ts'
import {type Emit, emitter} from '../events/events.ts'
import {createReporter, type Reporter} from '../report/reporter.ts'
import {coloured, colourless, type Style} from '../report/style.ts'

export interface CommonFlags {
  readonly json: boolean
  readonly verbose: boolean
  readonly 'no-color': boolean
}

/** The command's surroundings, read once, so that nothing else touches process.env. */
export interface Surroundings {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly user: string
  /** A person is at the other end and can be asked. */
  readonly interactive: boolean
  /** How this command was started, for hints that can be pasted: `ha`, or `node bin/run.js`. */
  readonly self: string
}

export abstract class HaCommand extends Command {
  private reporter: Reporter | undefined
  private verbose = false

  /** Call first in `run`: opens the reporter, so that everything after it, failures included, is told in the asked form. */
  protected begin(flags: CommonFlags): {emit: Emit; report: Reporter; style: Style} {
    const terminal = process.stderr.isTTY === true && process.env.CI === undefined && process.env.TERM !== 'dumb'
    const colour = !flags['no-color'] && process.env.NO_COLOR === undefined && process.stderr.isTTY === true
    this.verbose = flags.verbose
    this.reporter = createReporter(process, {json: flags.json, verbose: flags.verbose, colour, live: terminal})
    return {
      emit: emitter(systemClock.now, this.reporter.listen),
      report: this.reporter,
      style: colour && !flags.json ? coloured : colourless,
    }
  }

  protected surroundings(): Surroundings {
    return {
      cwd: process.cwd(),
      env: process.env,
      user: process.env.USER ?? userInfo().username,
      interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && process.env.CI === undefined,
      self: selfOf(process.argv[1] ?? ''),
    }
  }

  /** Every failure ends here: one calm paragraph and the code's exit status; a stack trace only for our own bugs, on request. */
  protected override async catch(thrown: Error): Promise<void> {
    if (thrown instanceof CLIError && thrown.oclif?.exit === 0) throw thrown
    const error =
      thrown instanceof CLIError
        ? new HaError('USAGE', firstLine(thrown.message), usageHints(this.id))
        : asHaError(thrown)
    const {report, emit} = this.reporter
      ? {report: this.reporter, emit: emitter(systemClock.now, this.reporter.listen)}
      : this.begin({json: this.argv.includes('--json'), verbose: false, 'no-color': false})
    const trace = this.verbose ? stackOf(error) : []
    emit({
      kind: 'error.raised',
      code: error.code,
      message: error.message,
      next: [...error.next, ...trace],
      data: error.data,
    })
    report.close()
    process.exitCode = error.exit
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.reporter?.close()
    await super.finally(error)
  }
}

const firstLine = (text: string) => text.split('\n')[0]!
const usageHints = (id: string | undefined) => ({
  next: [`ha ${(id ?? '').replaceAll(':', ' ')} --help`.replace('  ', ' ')],
})

function stackOf(error: HaError): string[] {
  const lines: string[] = []
  for (let at: unknown = error.code === 'BUG' ? error.cause : error; at instanceof Error; at = at.cause)
    lines.push(at.stack ?? at.message)
  return lines
}

/** `/usr/local/bin/ha` → `ha`; `/…/clone/bin/run.js` → `bin/run.js` relative to the folder. */
function selfOf(script: string): string {
  const cwd = process.cwd()
  if (!script.endsWith('run.js') || script.includes('node_modules')) return 'ha'
  return script.startsWith(`${cwd}/`) ? script.slice(cwd.length + 1) : script
}
