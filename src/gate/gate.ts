/**
 * The gate: stands in every pod between the application and the Cloud SQL Auth Proxy, and sees to it that writers wait while the
 * primary moves, that nothing a former primary says is taken for an acknowledgement, and that its sessions end at once.
 */
import {createServer, type Socket} from 'node:net'
import type {Clock} from '../clock.ts'
import type {Address} from '../lean/variables.ts'
import {type LeaseOptions, openLease} from './lease.ts'
import {Session} from './session.ts'
import {readStartup, reply} from './startup.ts'
import {cancel} from './upstream.ts'

export interface GateOptions {
  readonly listen: Address
  /** The Auth Proxy's port for the primary. */
  readonly to: Address
  readonly ask: LeaseOptions['ask']
  readonly clock: Clock
  readonly log: (message: string) => void
  /** How long a session waits for a primary that answers and counts; 5 s by default. */
  readonly patienceMs?: number
  /** How often the word is asked for while nothing passes. */
  readonly idlePollMs?: number
}

export interface Gate {
  /** No new sessions; those there are may end by themselves for `patienceMs`. */
  close(patienceMs: number): Promise<void>
}

/** Resolves when it listens. Rejects for a port in use. */
export async function openGate(options: GateOptions): Promise<Gate> {
  const {listen, to, ask, clock, log, patienceMs = 5_000, idlePollMs} = options
  const sessions = new Map<Socket, Session>()
  const lease = openLease({
    ask,
    clock,
    log,
    ...(idlePollMs !== undefined && {idlePollMs}),
    expecting: () => [...sessions.values()].some(({isIdle}) => !isIdle),
    changed: (word) => {
      for (const session of sessions.values()) session.moved(word)
    },
  })

  async function serve(client: Socket): Promise<void> {
    client.setNoDelay(true)
    client.on('error', () => client.destroy())
    const startup = await readStartup(client)
    if (!startup) return void client.destroy()
    if (startup.kind === 'cancel') {
      const meant = [...sessions.values()].find(({key}) => key !== '' && key === startup.key)
      if (meant?.serverKey) await cancel(to, meant.serverKey)
      return void client.destroy()
    }
    const session = new Session({
      client,
      startup: startup.message,
      ask: (question) => reply(client, question),
      ...{lease, to, clock, log, patienceMs},
    })
    sessions.set(client, session)
    client.once('close', () => sessions.delete(client))
    await session.begin()
  }

  const server = createServer((client) => {
    serve(client).catch((error) => {
      log(`A session failed: ${error instanceof Error ? error.message : error}`)
      client.destroy()
    })
  })
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(listen, done)
  })

  return {
    async close(patienceMs) {
      const ended = new Promise<void>((done) => server.close(() => done()))
      const timer = setTimeout(() => {
        for (const client of sessions.keys()) client.destroy()
      }, patienceMs)
      await ended
      clearTimeout(timer)
      lease.stop()
    },
  }
}
