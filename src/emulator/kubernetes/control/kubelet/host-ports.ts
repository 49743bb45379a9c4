/**
 * Free ports of the host for containers. A region takes a slice of the range for itself by listening on the slice's first port as long
 * as it lives, so that regions (and other emulators on this machine) never meet.
 */
import {createServer, type Server} from 'node:net'
import {isFree} from '../../../ports.ts'

/** Beside the ports of named servers (ports.ts), below those that systems lend to outgoing connections. */
const FIRST = 10_000
const SLICE = 250
const SLICES = 40
/** A pod's port rests this long after it, so that nobody who still knows the old pod talks to another. */
const REST_MS = 30_000

export interface HostPorts {
  /** A free port for each container port: the one in `wanted` (of an earlier life) when it is still free. */
  reserve(containerPorts: readonly number[], wanted?: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, number>>
  release(ports: Iterable<number>): void
  close(): void
}

/** @param seed decides where the search for a free slice begins, so that a region mostly gets the same again. */
export async function openHostPorts(
  seed: number,
  monotonic: () => number = () => performance.now(),
): Promise<HostPorts> {
  const {server, first} = await takeSlice(seed % SLICES)
  const inUse = new Set<number>()
  const resting = new Map<number, number>()
  let next = 1

  const usable = async (port: number) => {
    if (port <= first || port >= first + SLICE || inUse.has(port)) return false
    if ((resting.get(port) ?? Number.NEGATIVE_INFINITY) > monotonic()) return false
    // Taken before the test ends: two pods at once must not test the same port.
    inUse.add(port)
    if (await isFree(port)) return true
    inUse.delete(port)
    return false
  }

  const anyPort = async (): Promise<number> => {
    for (let tries = 1; tries < SLICE; tries++) {
      const port = first + next
      next = (next % (SLICE - 1)) + 1
      if (await usable(port)) return port
    }
    throw new Error(`No port between ${first} and ${first + SLICE - 1} is free for a pod.`)
  }

  return {
    async reserve(containerPorts, wanted) {
      const reserved = new Map<number, number>()
      for (const port of new Set(containerPorts)) {
        const before = wanted?.get(port)
        reserved.set(port, before !== undefined && (await usable(before)) ? before : await anyPort())
      }
      return reserved
    },
    release(ports) {
      for (const port of ports) if (inUse.delete(port)) resting.set(port, monotonic() + REST_MS)
    },
    close: () => void server.close(),
  }
}

async function takeSlice(start: number): Promise<{server: Server; first: number}> {
  for (let step = 0; step < SLICES; step++) {
    const first = FIRST + ((start + step) % SLICES) * SLICE
    const server = createServer((socket) => socket.destroy())
    const taken = await new Promise<boolean>((done) => {
      server.once('error', () => done(false))
      server.listen({port: first, host: '127.0.0.1', exclusive: true}, () => done(true))
    })
    if (taken) return {server, first}
  }
  throw new Error(`All ${SLICES} port ranges from ${FIRST} on are taken by other emulated regions.`)
}
