/** What the emulator says about itself: one line per entry, in a file of bounded size. */
import type {Log} from './contract.ts'
import {openRotatingFile} from './rotating-file.ts'

/** Appends lines `TIME LEVEL MESSAGE {fields}` to `file`; it and the one before stay below `maxBytes` together. */
export function openLog(file: string, maxBytes = 2_000_000): Log {
  const lines = openRotatingFile(file, maxBytes)
  return (level, message, fields) => {
    const more = fields === undefined ? '' : ` ${JSON.stringify(fields)}`
    lines.append(`${new Date().toISOString()} ${level.padEnd(5)} ${message}${more}\n`)
  }
}
