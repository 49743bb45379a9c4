/** What the emulator says about itself: one line per entry, in a file of bounded size. */
import {closeSync, mkdirSync, openSync, renameSync, statSync, writeSync} from 'node:fs'
import {dirname} from 'node:path'
import type {Log} from './contract.ts'

/**
 * Opens `file` for appending lines `TIME LEVEL MESSAGE {fields}`. At `maxBytes` it becomes `FILE.1` in place of the one before, so that
 * both together stay below twice that. A full disk loses lines and nothing else.
 */
export function openLog(file: string, maxBytes = 1_000_000): Log {
  mkdirSync(dirname(file), {recursive: true})
  let fd = openSync(file, 'a', 0o600)
  let size = statSync(file).size
  return (level, message, fields) => {
    const more = fields === undefined ? '' : ` ${JSON.stringify(fields)}`
    const line = `${new Date().toISOString()} ${level.padEnd(5)} ${message}${more}\n`
    try {
      if (size > 0 && size + line.length > maxBytes) {
        closeSync(fd)
        renameSync(file, `${file}.1`)
        fd = openSync(file, 'a', 0o600)
        size = 0
      }
      size += writeSync(fd, line)
    } catch {
      // Nowhere left to say it.
    }
  }
}
