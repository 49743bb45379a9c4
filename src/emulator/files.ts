/** Small files that must survive a power cut: written whole under another name, synced, then renamed. */
import {closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync} from 'node:fs'
import {dirname} from 'node:path'

/** Replaces `file` with `value` as JSON. Readers see the old or the new text, never a part. `mode` is the file's permission bits. */
export function writeJson(file: string, value: unknown, mode = 0o644): void {
  mkdirSync(dirname(file), {recursive: true})
  const fresh = `${file}.${process.pid}.new`
  const fd = openSync(fresh, 'w', mode)
  try {
    writeSync(fd, `${JSON.stringify(value, undefined, 2)}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(fresh, file)
}

/** undefined when there is no such file or it does not hold JSON. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    return undefined
  }
}
