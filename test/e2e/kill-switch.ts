/**
 * Loaded into a process of `ha` before anything else (`node --import`): kills it, as kill -9 does, at one exact point of one step.
 * It changes nothing of the program but where it ends: it looks at the journal's lines on their way to the disk, and at the requests
 * that change something. `HA_TEST_KILL` is a Point as JSON. What it did it says on standard error.
 */
import {writeSync} from 'node:fs'
import fs from 'node:fs/promises'
import http from 'node:http'
import {syncBuiltinESMExports} from 'node:module'
import type {Point} from './points.ts'

const {step, phase}: Point = JSON.parse(process.env.HA_TEST_KILL!)
// What it starts is another program's.
delete process.env.NODE_OPTIONS
delete process.env.HA_TEST_KILL

/** The last thing the journal knows of the step, once it is on disk. */
let written: 'nothing' | 'intent' | 'done' = 'nothing'

function die(): never {
  writeSync(2, `killed: ${step}, ${phase}\n`)
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way: nothing may happen until it is here.
  for (;;);
}

interface Line {
  readonly what: string
  readonly step?: string
}

function lineOf(data: unknown): Line | undefined {
  if (typeof data !== 'string' || !data.startsWith('{"what":"')) return undefined
  return JSON.parse(data) as Line
}

const opened = await fs.open(import.meta.filename)
const handle = Object.getPrototypeOf(opened) as typeof opened
await opened.close()
const {write, datasync} = handle
/** Lines that were written and are not on disk yet. */
const inFlight = new WeakMap<object, Line>()

handle.write = function (this: typeof opened, ...args: Parameters<typeof write>) {
  const line = lineOf(args[0])
  if (line?.step === step) {
    if (line.what === 'intent' && phase === 'before intent') die()
    if (line.what === 'done' && phase === 'before done') die()
    inFlight.set(this, line)
  }
  return write.apply(this, args)
} as typeof write

handle.datasync = async function (this: typeof opened) {
  await datasync.call(this)
  const line = inFlight.get(this)
  if (!line) return
  inFlight.delete(this)
  if (line.what === 'intent') written = 'intent'
  if (line.what === 'done') written = 'done'
  if (line.what === 'intent' && phase === 'after intent') die()
  if (line.what === 'done' && phase === 'after done') die()
}

const {request} = http
http.request = ((...args: Parameters<typeof request>) => {
  const changes = args.some((it) => typeof it === 'object' && 'method' in it && it.method !== 'GET')
  if (phase !== 'answer lost' || written !== 'intent' || !changes) return request(...args)
  // It was answered, so it was done; nobody hears of it.
  return request(...args).on('response', die)
}) as typeof request
syncBuiltinESMExports()
