/** The load balancer's data plane: listeners and backends kept in step with what is on record. */
import {once} from 'node:events'
import http, {type Server} from 'node:http'
import https from 'node:https'
import {createServer as createNetServer, type Server as NetServer} from 'node:net'
import type {EmulatorClock} from '../../clock.ts'
import type {Log, Ports} from '../../contract.ts'
import {lastSegment} from '../google.ts'
import {HEADERS, KEEP_ALIVE} from '../limits.ts'
import type {AccessLog} from './access-log.ts'
import {sweep} from './armor.ts'
import {Backend} from './backend.ts'
import type {Certificate} from './certificate.ts'
import type {EdgeConfig, ListenerConfig} from './config.ts'
import {createCounters} from './counters.ts'
import {type Front, serve} from './front.ts'
import {type Probe, probe} from './probe.ts'
import {upgrade} from './upgrade.ts'

export interface EdgeStatus {
  readonly listeners: readonly {
    rule: string
    rules: readonly string[]
    port: number
    protocol: 'HTTP' | 'HTTPS'
    url: string
  }[]
  readonly backends: readonly {
    service: string
    group: string
    zone: string
    region: string
    capacityScaler: number
    endpoints: readonly {ip: string; port: number; healthy: boolean; ejected: boolean; inFlight: number}[]
  }[]
  readonly counters: {readonly edge: object; readonly regions: object}
}

export interface Plane {
  /** Resolves when every listener listens. Throws PortTaken when a wanted port is not free; what else changed is in force. */
  apply(config: EdgeConfig, recovered?: boolean): Promise<void>
  health(service: string, group: string, address: {ipAddress: string; port: number}): boolean | undefined
  /** The local port where the first listener for this port is, or will be. */
  reserve(port: number): Promise<number>
  status(): EdgeStatus
  stop(): Promise<void>
}

export interface PlaneOptions {
  readonly ports: Ports
  readonly time: EmulatorClock
  readonly log: Log
  readonly accessLog: AccessLog
  certificate(): Certificate
  /** Local port for port 80; taken by somebody else is an error then. */
  readonly edgePort?: number | undefined
  readonly probe?: Probe
}

interface Listener {
  /** Of its claim on a port. */
  readonly name: string
  config: ListenerConfig
  readonly server: Server
  readonly port: number
}

/** Where listeners go when that port is free. */
const PREFERRED: Readonly<Record<number, number>> = {80: 8080, 443: 8443}

export function createPlane(options: PlaneOptions): Plane {
  const {ports, time} = options
  const listeners = new Map<string, Listener>()
  const backends = new Map<string, Backend>()
  const front: Front = {backends, counters: createCounters(), armor: new Map(), log: options.accessLog, time}
  let sweeping: (() => void) | undefined

  const applyBackends = (config: EdgeConfig, recovered: boolean) => {
    for (const [id, service] of config.services) {
      const known = backends.get(id)
      if (known === undefined) backends.set(id, new Backend(service, recovered, time, options.probe ?? probe))
      else known.apply(service)
    }
    for (const [id, backend] of backends) {
      if (config.services.has(id)) continue
      backends.delete(id)
      void backend.stop()
    }
  }

  const claim = (name: string, port: number, first: boolean): Promise<number> => {
    const required = port === 80 ? options.edgePort : undefined
    const preferred = required ?? PREFERRED[port]
    return ports.claim(name, {
      ...(preferred === undefined ? {} : {preferred}),
      required: required !== undefined && first,
    })
  }
  const firstName = (port: number) => `edge:${port}`
  /** Ports that were told before there is a listener: kept from everybody else until it comes. */
  const kept = new Map<string, Promise<{readonly port: number; readonly server: NetServer}>>()
  const keep = async (name: string, port: number) => {
    const local = await claim(name, port, true)
    const server = createNetServer((socket) => socket.destroy())
    server.listen(local, '127.0.0.1')
    await once(server, 'listening')
    return {port: local, server}
  }
  const letGo = async (name: string): Promise<void> => {
    const server = await kept.get(name)?.then(
      (it) => it.server,
      () => undefined,
    )
    kept.delete(name)
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  /** The port asked for goes to the first rule; another one for the same port number gets what is free. */
  const nameOf = ({name, port}: ListenerConfig): string =>
    [...listeners.values()].some((listener) => listener.name === firstName(port)) ? name : firstName(port)

  const open = async (config: ListenerConfig): Promise<void> => {
    const name = nameOf(config)
    await letGo(name)
    const port = await claim(name, config.port, name === firstName(config.port))
    const limits = {
      maxHeaderSize: HEADERS.bytes,
      keepAliveTimeout: (config.keepAliveSec ?? KEEP_ALIVE.clientSec) * 1000,
      requestTimeout: 0,
    }
    const server = config.secure ? https.createServer({...options.certificate(), ...limits}) : http.createServer(limits)
    const listener: Listener = {name, config, server, port}
    server.on('request', (request, response) => void serve(front, listener.config, request, response))
    server.on('upgrade', (request, socket, head) => upgrade(front, listener.config, request, socket, head))
    server.on('clientError', (_failure, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    server.on('error', (failure) =>
      options.log('error', `The load balancer's listener on port ${port} failed: ${failure.message}`),
    )
    listeners.set(config.name, listener)
    options.log('info', `The load balancer listens on 127.0.0.1:${port} for port ${config.port}`, {rules: config.rules})
  }

  const close = async (name: string): Promise<void> => {
    const listener = listeners.get(name)
    if (listener === undefined) return
    listeners.delete(name)
    const closed = new Promise<void>((resolve) => listener.server.close(() => resolve()))
    listener.server.closeAllConnections()
    await closed
  }

  return {
    apply: async (config, recovered = false) => {
      applyBackends(config, recovered)
      const wanted = new Map(config.listeners.map((listener) => [listener.name, listener] as const))
      for (const [name, listener] of listeners) {
        const next = wanted.get(name)
        if (next !== undefined && next.port === listener.config.port && next.secure === listener.config.secure) {
          listener.config = next
          continue
        }
        await close(name)
        ports.release(listener.name)
      }
      for (const [name, listener] of wanted) if (!listeners.has(name)) await open(listener)
      sweeping ??= time.after(60_000, function again() {
        sweep(front.armor, time.monotonic())
        sweeping = time.after(60_000, again)
      })
    },

    health: (service, group, address) =>
      backends
        .get(service)
        ?.groups.find((one) => one.id === group)
        ?.candidates.find((endpoint) => endpoint.ipAddress === address.ipAddress && endpoint.port === address.port)
        ?.healthy,

    reserve: async (port) => {
      const name = firstName(port)
      const listener = [...listeners.values()].find((one) => one.name === name)
      if (listener) return listener.port
      // Once for all who ask at the same time.
      if (!kept.has(name)) kept.set(name, keep(name, port))
      const keeping = kept.get(name)!
      keeping.catch(() => kept.delete(name))
      return (await keeping).port
    },

    status: () => ({
      listeners: [...listeners.values()].map(({config, port}) => {
        const protocol = config.secure ? ('HTTPS' as const) : ('HTTP' as const)
        const url = `${protocol.toLowerCase()}://127.0.0.1:${port}`
        return {rule: lastSegment(config.rules[0] ?? ''), rules: config.rules, port, protocol, url}
      }),
      backends: [...backends.values()].flatMap((backend) =>
        backend.groups.map((group) => ({
          service: lastSegment(backend.config.id),
          group: group.id,
          zone: group.zone,
          region: group.region,
          capacityScaler: group.scaler,
          endpoints: group.candidates.map(({ipAddress, port, healthy, ejected, inFlight}) => ({
            ip: ipAddress,
            port,
            healthy,
            ejected,
            inFlight,
          })),
        })),
      ),
      counters: {edge: {...front.counters.edge}, regions: structuredClone(front.counters.regions)},
    }),

    stop: async () => {
      sweeping?.()
      await Promise.all([...[...listeners.keys()].map(close), ...[...kept.keys()].map(letGo)])
      await Promise.all([...backends.values()].map((backend) => backend.stop()))
      backends.clear()
      options.accessLog.close()
    },
  }
}
