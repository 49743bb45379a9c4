import type {Event} from '../events/events.ts'
import type {Reporter, Streams} from './reporter.ts'

/** Raised when a consumer of the stream would have to change; additions do not count. */
const FORMAT_VERSION = '1.0'

/** stdout carries one JSON object per line: first the format's version, then events, last `{"kind":"result","value":…}`. */
export function createNdjson({stdout}: Streams): Reporter {
  const write = (object: unknown) => stdout.write(`${JSON.stringify(object)}\n`)
  write({kind: 'version', format: FORMAT_VERSION})
  return {
    listen: (event: Event) => write({...event, at: new Date(event.at).toISOString()}),
    result: (_lines, value) => write({kind: 'result', value}),
    close: () => {},
  }
}
