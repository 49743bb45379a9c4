/** Port numbers by name, the same after every restart. */
import {createHash} from 'node:crypto'
import {createServer} from 'node:net'
import type {Ports} from './contract.ts'
import {readJson, writeJson} from './files.ts'

/**
 * Below the range that systems lend to outgoing connections (Linux from 32768, macOS from 49152), so that a remembered port is not
 * taken by chance while its server is down.
 */
const FIRST = 20_000
const COUNT = 10_000

export class PortTaken extends Error {
  override readonly name = 'PortTaken'
  readonly port: number

  constructor(name: string, port: number) {
    super(`Port ${port} (${name}) is in use by another program.`)
    this.port = port
  }
}

/** Ports remembered in `file`. What is free is tried in an order that follows from the file's path and the name, so that two emulators seldom meet. */
export function openPorts(file: string): Ports {
  const claimed = new Map(Object.entries(readJson<Record<string, number>>(file) ?? {}))
  const save = () => writeJson(file, Object.fromEntries(claimed))

  const choose = async (name: string, preferred: number | undefined, required: boolean) => {
    const remembered = claimed.get(name)
    const wanted = required ? (preferred ?? remembered) : (remembered ?? preferred)
    if (wanted !== undefined && (await isFree(wanted))) return wanted
    if (required && wanted !== undefined) throw new PortTaken(name, wanted)
    if (preferred !== undefined && preferred !== wanted && (await isFree(preferred))) return preferred
    return anyFree(`${file}\0${name}`, new Set(claimed.values()))
  }

  let last: Promise<unknown> = Promise.resolve()
  return {
    claim(name, {preferred, required = false} = {}) {
      // One after another: two claims at once must not be given the same port.
      const claim = last.then(async () => {
        const port = await choose(name, preferred, required)
        if (claimed.get(name) !== port) {
          claimed.set(name, port)
          save()
        }
        return port
      })
      last = claim.catch(() => {})
      return claim
    },
    release(name) {
      if (claimed.delete(name)) save()
    },
  }
}

async function anyFree(seed: string, taken: ReadonlySet<number>): Promise<number> {
  const start = createHash('sha256').update(seed).digest().readUInt32BE(0) % COUNT
  for (let step = 0; step < COUNT; step++) {
    const port = FIRST + ((start + step) % COUNT)
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new Error(`No port between ${FIRST} and ${FIRST + COUNT - 1} is free.`)
}

/** Whether a server may listen on 127.0.0.1 at `port`. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(false))
    server.listen({port, host: '127.0.0.1', exclusive: true}, () => server.close(() => done(true)))
  })
}
