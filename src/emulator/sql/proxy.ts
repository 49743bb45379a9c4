/**
 * The emulated Cloud SQL Auth Proxy: what runs for the image `…/cloud-sql-proxy`, with the real one's command line, health endpoints
 * and behaviour when the primary moves. https://github.com/GoogleCloudPlatform/cloud-sql-proxy
 */
import {createServer as createHttpServer} from 'node:http'
import {createServer, type Server, type Socket} from 'node:net'
import {type ProxyArgs, type ProxyInstance, parseProxyArgs} from './proxy-args.ts'
import {runSession} from './proxy-session.ts'
import {type Follower, follow} from './proxy-target.ts'

export interface AuthProxyOptions {
  readonly args: readonly string[]
  /** The host port that stands for a container port. */
  portOf(containerPort: number): number
  readonly googleapis: string
  /** One line of the proxy's log. */
  log(line: string): void
  /** How often domain names are asked for anew; the real proxy's 30 s by default. */
  readonly failoverPeriodMs?: number
  /** How long a new session waits for an instance that is just starting; 2 s by default. */
  readonly waitMs?: number
}

export interface AuthProxy {
  /** Looks where the primary is now, instead of at the next period. */
  refresh(): Promise<void>
  /** No new sessions; open ones may go on for `--max-sigterm-delay`, then they are closed. Safe to call twice. */
  close(): Promise<void>
}

interface Line {
  readonly server: Server
  /** With the instance each has reached; undefined while it still waits. */
  readonly sessions: ReadonlyMap<Socket, string | undefined>
  readonly follower: Follower
}

/** Resolves when it listens everywhere. Rejects for arguments the real proxy refuses and for ports in use. */
export async function startAuthProxy(options: AuthProxyOptions): Promise<AuthProxy> {
  const args = parseProxyArgs(options.args)
  const log = logger(options, args)
  const lines: Line[] = []
  let health: Awaited<ReturnType<typeof startHealth>> | undefined
  let closing: Promise<void> | undefined

  const shut = async (patienceMs: number) => {
    health?.stopped()
    for (const {server, follower} of lines) {
      server.close()
      follower.stop()
    }
    await drained(lines, patienceMs)
    for (const {sessions} of lines) for (const socket of sessions.keys()) socket.destroy()
    await health?.close()
  }
  try {
    for (const instance of args.instances) lines.push(await startLine(options, instance, log))
    if (args.healthPort !== undefined) health = await startHealth(options.portOf(args.healthPort))
  } catch (error) {
    await shut(0)
    throw error
  }
  log('The proxy has started successfully and is ready for new connections!')
  return {
    refresh: async () => void (await Promise.all(lines.map(({follower}) => follower.refresh()))),
    close() {
      closing ??= shut(args.maxSigtermDelayMs)
      return closing
    },
  }
}

function logger({log}: AuthProxyOptions, {structuredLogs}: ProxyArgs): (message: string) => void {
  return (message) =>
    log(structuredLogs ? JSON.stringify({severity: 'INFO', timestamp: new Date().toISOString(), message}) : message)
}

async function startLine(
  {portOf, googleapis, failoverPeriodMs = 30_000, waitMs = 2_000}: AuthProxyOptions,
  {target, port}: ProxyInstance,
  log: (message: string) => void,
): Promise<Line> {
  const sessions = new Map<Socket, string | undefined>()
  const follower = follow({
    instance: target,
    googleapis,
    periodMs: failoverPeriodMs,
    onMove(from, to) {
      const stale = [...sessions].filter(([, reached]) => reached !== undefined && reached !== to?.connectionName)
      log(
        `${to?.connectionName ?? 'Nothing'} is meant instead of ${from.connectionName}: closing ${stale.length} sessions`,
      )
      for (const [socket] of stale) socket.destroy()
    },
  })
  const server = createServer((client) => {
    sessions.set(client, undefined)
    const reached = (connectionName: string) => sessions.set(client, connectionName)
    runSession({client, follower, waitMs, log, reached}).finally(() => sessions.delete(client))
  })
  await listening(server, portOf(port))
  follower.refresh()
  log(`[${'domain' in target ? target.domain : target.connectionName}] Listening on 127.0.0.1:${port}`)
  return {server, sessions, follower}
}

/** https://github.com/GoogleCloudPlatform/cloud-sql-proxy/tree/main/examples/k8s-health-check */
async function startHealth(port: number) {
  let stopped = false
  const server = createHttpServer((request, response) => {
    const path = request.url?.split('?')[0]
    const known = path === '/startup' || path === '/liveness' || path === '/readiness'
    const ok = known && !(path === '/readiness' && stopped)
    response
      .writeHead(known ? (ok ? 200 : 503) : 404)
      .end(ok ? 'ok' : known ? 'proxy has stopped' : '404 page not found\n')
  })
  await listening(server, port)
  return {
    stopped: () => {
      stopped = true
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen({host: '127.0.0.1', port}, () => done())
  })
}

function drained(lines: readonly Line[], patienceMs: number): Promise<unknown> {
  const left = lines.flatMap(({sessions}) => [...sessions.keys()])
  const all = Promise.all(
    left.map((socket) => new Promise((done) => (socket.closed ? done(0) : socket.once('close', done)))),
  )
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((done) => {
    timer = setTimeout(done, patienceMs)
  })
  return Promise.race([all, late]).finally(() => clearTimeout(timer))
}
