import {createActivity, elapsed} from './activity.ts'
import {duration} from './format.ts'
import type {Reporter, Streams} from './reporter.ts'
import {type Wording, wordsFor} from './words.ts'

/** A pipeline that prints nothing for ten minutes is killed by many CI systems, and worries people long before. */
const HEARTBEAT_MS = 10_000

/** Plain lines for pipes and CI logs: each event's words, and a sign of life when there were none for a while. */
export function createPlain({stdout, stderr}: Streams, wording: Wording): Reporter {
  const activity = createActivity()
  let last = elapsed()
  // The last event's time, and when it came: between events the heartbeat adds what passed since.
  let at = 0
  let seen = last
  const write = (line: string) => {
    last = elapsed()
    stderr.write(`${line}\n`)
  }
  const beat = setInterval(() => {
    if (elapsed() - last < HEARTBEAT_MS - 500) return
    const running = activity.running()
    if (running.length === 0) return
    const now = at + elapsed() - seen
    write(
      `… still running: ${running.map((it) => `${it.name} (${[duration(now - it.since), it.doing].filter(Boolean).join(', ')})`).join('; ')}`,
    )
  }, HEARTBEAT_MS)
  beat.unref()
  return {
    listen(event) {
      at = event.at
      seen = elapsed()
      activity.listen(event)
      if (event.kind === 'task.started') write(`${event.title} …`)
      for (const line of wordsFor(event, wording)) write(line)
    },
    result(lines) {
      for (const line of lines) stdout.write(`${line}\n`)
    },
    close: () => clearInterval(beat),
  }
}
