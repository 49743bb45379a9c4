/** Sampled requests as Cloud Logging shows them, one JSON object per line: https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring */
import {join} from 'node:path'
import type {EmulatorClock} from '../../clock.ts'
import {openRotatingFile, type RotatingFile} from '../../rotating-file.ts'

export interface AccessLog {
  write(entry: object): void
  close(): void
}

/** Lines are gathered for a second. */
export function openAccessLog(dir: string, maxBytes: number, clock: EmulatorClock): AccessLog {
  let kept: RotatingFile | undefined
  let waiting: string[] = []
  let cancel: (() => void) | undefined

  const flush = () => {
    cancel = undefined
    const text = waiting.join('')
    waiting = []
    if (text === '') return
    kept ??= openRotatingFile(join(dir, 'edge.log'), maxBytes)
    kept.append(text)
  }

  return {
    write: (entry) => {
      waiting.push(`${JSON.stringify(entry)}\n`)
      cancel ??= clock.after(1000, flush)
    },
    close: () => {
      cancel?.()
      flush()
      kept?.close()
    },
  }
}
