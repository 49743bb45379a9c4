/**
 * Objects on disk: a snapshot that every change is appended to, as lines of JSON; rewritten when mostly stale. Changes are gathered
 * and written together, the last of each object only, so that a burst of status updates costs one write.
 */
import {once} from 'node:events'
import {createWriteStream, existsSync, readFileSync} from 'node:fs'
import {type FileHandle, open, rename} from 'node:fs/promises'
import {dirname} from 'node:path'
import type {KubeObject} from './objects.ts'

export interface Change {
  readonly resource: string
  /** `namespace/name`, or `/name`. */
  readonly key: string
  /** null: gone. */
  readonly object: KubeObject | null
  /** The store's version when this was written; never lower than any before. */
  readonly version: number
}

export interface Journal {
  /** Notes a change; it is on disk after `flush`, or within `GATHER_MS`. */
  append(change: Change): void
  /** Everything appended so far is on disk. Rejects when the disk refuses (full); the next flush writes it all again. */
  flush(): Promise<void>
  close(): Promise<void>
}

export const GATHER_MS = 100
const RETRY_MS = 2_000
const COMPACT_ABOVE_BYTES = 4 << 20

/** The changes in a journal, oldest first. A last line cut short by a crash was never acknowledged and is left out. */
export function* readJournal(path: string): Generator<Change> {
  if (!existsSync(path)) return
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue
    try {
      yield JSON.parse(line)
    } catch {
      return
    }
  }
}

/** Opens `path` anew with what `snapshot` gives. `onError` hears of writes that failed in the background. */
export async function openJournal(
  path: string,
  snapshot: () => Iterable<Change>,
  onError: (error: unknown) => void,
): Promise<Journal> {
  let pending = new Map<string, Change>()
  let writing: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let intact = true
  let {file, size} = await rewrite(path, snapshot())
  let limit = COMPACT_ABOVE_BYTES + 2 * size

  async function compact() {
    pending = new Map()
    await file.close().catch(() => {})
    ;({file, size} = await rewrite(path, snapshot()))
    limit = COMPACT_ABOVE_BYTES + 2 * size
    intact = true
  }

  async function write() {
    clearTimeout(timer)
    timer = undefined
    next = undefined
    if (intact && pending.size === 0) return
    try {
      if (!intact || size > limit) return await compact()
      const lines = Buffer.from([...pending.values()].map((change) => `${JSON.stringify(change)}\n`).join(''))
      pending = new Map()
      size += lines.length
      await file.appendFile(lines)
      await file.datasync()
    } catch (error) {
      intact = false
      schedule(RETRY_MS)
      throw error
    }
  }

  function flush(): Promise<void> {
    next ??= writing
      .catch(() => {})
      .then(() => {
        writing = write()
        return writing
      })
    return next
  }

  function schedule(delay: number) {
    timer ??= setTimeout(() => flush().catch(onError), delay)
  }

  return {
    flush,
    append(change) {
      pending.set(`${change.resource} ${change.key}`, change)
      schedule(GATHER_MS)
    },
    async close() {
      await flush().finally(() => {
        clearTimeout(timer)
        return file.close()
      })
    },
  }
}

/** A fresh file in place of the old one, complete on disk before it takes the name. */
async function rewrite(path: string, changes: Iterable<Change>): Promise<{file: FileHandle; size: number}> {
  const fresh = `${path}.new`
  const stream = createWriteStream(fresh, {flush: true})
  const finished = once(stream, 'close')
  for (const change of changes) stream.write(`${JSON.stringify(change)}\n`)
  stream.end()
  await finished
  await rename(fresh, path)
  await syncFolder(dirname(path))
  return {file: await open(path, 'a'), size: stream.bytesWritten}
}

/** So that the name survives a power cut too. */
async function syncFolder(path: string) {
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}
