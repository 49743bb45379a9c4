/** A text file of bounded size, for logs: what does not fit any more is dropped from its beginning. */
import {closeSync, mkdirSync, openSync, renameSync, statSync, writeSync} from 'node:fs'
import {dirname} from 'node:path'

export interface RotatingFile {
  /** Whole lines. A full disk loses them, and nothing else. */
  append(text: string): void
  /** Safe to call twice; what is appended afterwards is dropped. */
  close(): void
}

/** At half of `maxBytes` the file becomes `FILE.1`, in place of the one before. Mode 0600. */
export function openRotatingFile(file: string, maxBytes: number): RotatingFile {
  mkdirSync(dirname(file), {recursive: true})
  let fd: number | undefined = openSync(file, 'a', 0o600)
  let size = statSync(file).size
  return {
    append(text) {
      if (fd === undefined) return
      try {
        if (size > 0 && size + Buffer.byteLength(text) > maxBytes / 2) {
          closeSync(fd)
          renameSync(file, `${file}.1`)
          fd = openSync(file, 'a', 0o600)
          size = 0
        }
        size += writeSync(fd, text)
      } catch {
        // Nothing to be done for these lines; the next may fit again.
      }
    },
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
}
