/** What every command shares: how it reports, how it fails, and where it learns of its surroundings. */
import {userInfo} from 'node:os'
import {isatty} from 'node:tty'
import {Command} from '@oclif/core/command'
import {CLIError} from '@oclif/core/errors'
import {systemClock} from '../clock.ts'
import {asHaError, HaError} from '../errors.ts'
import {type Emit, emitter} from '../events/events.ts'
import {createReporter, type Reporter} from '../report/reporter.ts'
import {coloured, colourless, type Style} from '../report/style.ts'
import {callOf, type Given, pasteable, selfOf} from './paste.ts'

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
  /** How this command was started, for hints that can be pasted: `ha`, `npx ha` or `bin/run.js`. */
  readonly self: string
}

export abstract class HaCommand extends Command {
  private reporter: Reporter | undefined
  private verbose = false
  private given: Given = {}

  /** Call first in `run`: opens the reporter, so that everything after it, failures included, is told in the asked form. */
  protected begin(flags: CommonFlags & Given): {emit: Emit; report: Reporter; style: Style} {
    const terminal = process.stderr.isTTY === true && process.env.CI === undefined && process.env.TERM !== 'dumb'
    const colour = !flags['no-color'] && process.env.NO_COLOR === undefined && process.stderr.isTTY === true
    this.verbose = flags.verbose
    this.given = {file: flags.file, env: flags.env}
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
      // Asked of the descriptor: to touch process.stdin would open it.
      interactive: isatty(0) && process.stderr.isTTY === true && process.env.CI === undefined,
      self: selfOf(process.argv[1] ?? '', process.cwd()),
    }
  }

  /** A command of ha for the same project, as it can be pasted here. */
  protected call(command: string): string {
    return callOf(this.surroundings().self, this.given)(command)
  }

  /** Findings whose hints can be pasted here. */
  protected pasteable<T extends {readonly next: readonly string[]}>(findings: readonly T[]): T[] {
    const {self} = this.surroundings()
    const commands = this.config.commandIDs.map((id) => id.split(':')[0]!)
    const paste = (line: string) => pasteable(line, self, this.given, commands)
    return findings.map((finding) => ({...finding, next: finding.next.map(paste)}))
  }

  /** Every failure ends here: one calm paragraph and the code's exit status; a stack trace only for our own bugs, on request. */
  protected override async catch(thrown: Error): Promise<void> {
    if (thrown instanceof CLIError && thrown.oclif?.exit === 0) throw thrown
    const error =
      thrown instanceof CLIError
        ? new HaError('USAGE', (await import('./usage.ts')).parserWords(thrown.message), usageHints(this.id))
        : asHaError(thrown)
    const {report, emit} = this.reporter
      ? {report: this.reporter, emit: emitter(systemClock.now, this.reporter.listen)}
      : this.begin({json: this.argv.includes('--json'), verbose: false, 'no-color': false})
    const trace = this.verbose ? stackOf(error) : []
    const next = this.pasteable([error]).flatMap((it) => it.next)
    emit({
      kind: 'error.raised',
      code: error.code,
      message: error.message,
      next: [...next, ...trace],
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

const usageHints = (id: string | undefined) => ({
  next: [`ha ${(id ?? '').replaceAll(':', ' ')} --help`.replace('  ', ' ')],
})

function stackOf(error: HaError): string[] {
  const lines: string[] = []
  for (let at: unknown = error.code === 'BUG' ? error.cause : error; at instanceof Error; at = at.cause)
    lines.push(at.stack ?? at.message)
  return lines
}
