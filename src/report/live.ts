import {createActivity, elapsed, type Running} from './activity.ts'
import {duration, visibleWidth} from './format.ts'
import type {Reporter, Streams} from './reporter.ts'
import {type Wording, wordsFor} from './words.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** A terminal's view: finished lines scroll up, what runs is redrawn below them with its age and progress. */
export function createLive({stdout, stderr}: Streams, wording: Wording): Reporter {
  const {style} = wording
  const activity = createActivity()
  // Half as long to load as a quick command takes, and needed only for what runs a while.
  let screen: ReturnType<typeof import('log-update').createLogUpdate> | undefined
  let closed = false
  void import('log-update').then(({createLogUpdate}) => {
    if (!closed) screen = createLogUpdate(stderr as NodeJS.WriteStream)
  })
  // Events carry the clock's time; between them the view adds what passed since the last one.
  let at = 0
  let seen = elapsed()
  let frame = 0
  let drawn = false
  const draw = () => {
    if (!screen) return
    const running = activity.running()
    // Nothing runs: the screen may belong to a question.
    if (running.length === 0 && !drawn) return
    drawn = running.length > 0
    const now = at + elapsed() - seen
    const width = (stderr.columns ?? 100) - 1
    screen(running.map((it) => clip(line(it, now), width)).join('\n'))
  }
  const line = (it: Running, now: number) => {
    const bar = it.fraction === undefined ? '' : `${progressBar(it.fraction)} `
    return `${style('accent', FRAMES[frame % FRAMES.length]!)} ${it.name} ${style('dim', `${bar}${it.doing} ${duration(Math.max(0, now - it.since))}`)}`
  }
  const tick = setInterval(() => {
    frame++
    draw()
  }, FRAME_MS)
  tick.unref()
  const print = (lines: readonly string[], stream: NodeJS.WritableStream) => {
    if (lines.length === 0) return
    screen?.clear()
    for (const text of lines) stream.write(`${text}\n`)
  }
  return {
    listen(event) {
      at = event.at
      seen = elapsed()
      activity.listen(event)
      print(wordsFor(event, wording), stderr)
      if (!closed) draw()
    },
    result: (lines) => print(lines, stdout),
    close() {
      if (closed) return
      closed = true
      clearInterval(tick)
      screen?.clear()
      screen?.done()
    },
  }
}

function progressBar(fraction: number): string {
  const full = Math.round(fraction * 20)
  return `${'█'.repeat(full)}${'░'.repeat(20 - full)}`
}

/** Cuts at the terminal's width; a wrapped line would break the redrawing. */
function clip(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text
  let visible = 0
  let out = ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence starts with a control character
  for (const piece of text.match(/\u001B\[[0-9;]*m|./gu) ?? []) {
    if (piece.startsWith('\u001B')) out += piece
    else if (visible < width - 1) {
      out += piece
      visible++
    } else if (visible === width - 1) {
      out += '…'
      visible++
    }
  }
  return out
}
