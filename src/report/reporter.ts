/** Events in, something to read out: a live view on a terminal, plain lines in a pipe, NDJSON with --json. */
import type {Event} from '../events/events.ts'
import {createLive} from './live.ts'
import {createNdjson} from './ndjson.ts'
import {createPlain} from './plain.ts'
import {coloured, colourless} from './style.ts'

export interface Reporter {
  listen(event: Event): void
  /** The command's result: lines for people, one value for `--json`. */
  result(lines: readonly string[], value: unknown): void
  /** Stops timers and leaves the terminal clean. Safe to call twice. */
  close(): void
}

export interface Streams {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream & {isTTY?: boolean; columns?: number}
}

export interface ReportOptions {
  readonly json: boolean
  readonly colour: boolean
  readonly verbose: boolean
  /** Live view: only with a terminal that is not a CI log. */
  readonly live: boolean
}

/** Results go to stdout, everything on the way there to stderr. */
export function createReporter(streams: Streams, options: ReportOptions): Reporter {
  for (const stream of [streams.stdout, streams.stderr]) {
    // A reader that left (`| head`) is no failure: what was begun goes on to its end, unheard.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const wording = {style: options.colour ? coloured : colourless, verbose: options.verbose}
  if (options.json) return createNdjson(streams)
  return options.live ? createLive(streams, wording) : createPlain(streams, wording)
}
