/** Sampled requests as Cloud Logging shows them, one JSON object per line: https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring */
import {closeSync, mkdirSync, openSync, renameSync, statSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import type {Time} from '../time.ts'

export interface AccessLog {
  write(entry: object): void
  close(): void
}

/** Lines are gathered for a second. At half of `maxBytes` the file becomes `edge.log.1`. A full disk loses lines, not requests. */
export function openAccessLog(dir: string, maxBytes: number, time: Time): AccessLog {
  const file = join(dir, 'edge.log')
  let fd: number | undefined
  let size = 0
  let waiting: string[] = []
  let cancel: (() => void) | undefined

  const flush = () => {
    cancel = undefined
    const text = waiting.join('')
    waiting = []
    if (text === '') return
    try {
      if (fd === undefined) {
        mkdirSync(dir, {recursive: true})
        fd = openSync(file, 'a', 0o600)
        size = statSync(file).size
      }
      if (size > 0 && size + text.length > maxBytes / 2) {
        closeSync(fd)
        renameSync(file, `${file}.1`)
        fd = openSync(file, 'a', 0o600)
        size = 0
      }
      size += writeSync(fd, text)
    } catch {
      // Nothing to be done for these lines; the next may fit again.
    }
  }

  return {
    write: (entry) => {
      waiting.push(`${JSON.stringify(entry)}\n`)
      cancel ??= time.after(1000, flush)
    },
    close: () => {
      cancel?.()
      flush()
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
}
