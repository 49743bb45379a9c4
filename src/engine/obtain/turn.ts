/** One at a time over all processes of this machine: the second waits for what the first obtains. */
import {randomUUID} from 'node:crypto'
import {link, readFile, rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {Clock} from '../../clock.ts'
import type {Emit} from '../../events/events.ts'
import {isRunning, type ProcessMark, selfMark} from '../../process.ts'
import {absent, createFile} from '../../store/durable.ts'

const POLL_MS = 500
const TASK = 'engine.turn'

export interface Turn {
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** Runs `work` when no living process is at it in `folder`. The mark of a dead one is taken over. */
export async function takeTurn<T>(folder: string, {clock, emit, signal}: Turn, work: () => Promise<T>): Promise<T> {
  const path = join(folder, 'turn.json')
  const mine = JSON.stringify({...selfMark(), turn: randomUUID()})
  const begun = clock.monotonic()
  let waited = false
  for (;;) {
    await createFile(path, mine)
    const held = await readFile(path, 'utf8').catch(() => '')
    if (held === mine) break
    const mark = parse(held)
    if (mark === undefined || !isRunning(mark)) {
      await putAside(path, held)
      continue
    }
    if (!waited)
      emit({
        kind: 'task.started',
        task: TASK,
        title: `Wait for another ha (process ${mark.pid}) that obtains the engine`,
      })
    waited = true
    await clock.sleep(POLL_MS, signal)
  }
  if (waited) emit({kind: 'task.finished', task: TASK, ms: Math.round(clock.monotonic() - begun)})
  try {
    return await work()
  } finally {
    await rm(path, {force: true})
  }
}

/** Takes the dead mark away; when another process was quicker and has its own there by now, that one is put back. */
async function putAside(path: string, dead: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(absent)
  const text = await readFile(aside, 'utf8').catch(absent)
  if (text !== undefined && text !== dead) await link(aside, path).catch(() => {})
  await rm(aside, {force: true})
}

function parse(text: string): ProcessMark | undefined {
  try {
    return JSON.parse(text) as ProcessMark
  } catch {
    return undefined
  }
}
