/** A small cloud for tests: the SQL service and its regions' hosts in this process, speaking HTTP as they do in production. */
import {chmodSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fastify, {type FastifyInstance} from 'fastify'
import type {Log, RegionPart, Service, World} from '../../../src/emulator/contract.ts'
import {createDnsService} from '../../../src/emulator/dns/service.ts'
import {fetchJson} from '../../../src/emulator/http.ts'
import {openPorts} from '../../../src/emulator/ports.ts'
import {openRecords} from '../../../src/emulator/records.ts'
import {createTimeSeriesService} from '../../../src/emulator/services/time-series.ts'
import {createSqlHost} from '../../../src/emulator/sql/host.ts'
import {createSqlService} from '../../../src/emulator/sql/service.ts'

export interface Cloud {
  readonly dir: string
  readonly url: string
  readonly service: Service
  readonly logged: string[]
  /** A request to the API; throws HttpError. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>
  /** As `call`, then waits for the operation it returns; throws its error. */
  done(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  /** Stops the region's part and answers nothing more, until `raise`. */
  sink(region: string): Promise<void>
  raise(region: string): Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export const PROJECT = 'rehearsal'
export const API = `/sql/v1beta4/projects/${PROJECT}`

interface Region {
  readonly server: FastifyInstance
  readonly host: RegionPart
  readonly url: string
}

/** A new folder that servers running as another user can reach. */
export function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sql-cloud-'))
  chmodSync(dir, 0o755)
  return dir
}

/** Opens the cloud in `dir`, by default a new folder that the end of the test removes; with other services beside SQL and DNS. */
export async function openCloud(
  dir = newFolder(),
  others: (world: World) => readonly Service[] = () => [],
): Promise<Cloud> {
  const logged: string[] = []
  const log: Log = (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`)
  const records = openRecords(join(dir, 'records.sqlite'))
  const ports = openPorts(join(dir, 'ports.json'))
  const regions = new Map<string, Region>()
  const sunk = new Set<string>()
  const googleapis = `http://127.0.0.1:${await ports.claim('googleapis')}`

  const raise = async (name: string) => {
    sunk.delete(name)
    if (regions.has(name)) return
    const home = join(dir, 'regions', name)
    const host = createSqlHost({
      region: name,
      zones: ['b', 'c', 'd'].map((zone) => `${name}-${zone}`),
      project: PROJECT,
      dir: home,
      ports: openPorts(join(home, 'ports.json')),
      log,
      googleapis,
      pubsub: '',
    })
    const server = fastify()
    host.routes?.(server)
    await host.start()
    regions.set(name, {server, host, url: await server.listen({host: '127.0.0.1', port: 0})})
  }
  const sink = async (name: string) => {
    sunk.add(name)
    const region = regions.get(name)
    regions.delete(name)
    await region?.server.close()
    await region?.host.stop()
  }
  const world: World = {
    dir,
    records,
    ports,
    log,
    googleapis,
    async region(name) {
      if (sunk.has(name)) throw new Error(`Region ${name} is down.`)
      if (!regions.has(name)) await raise(name)
      const {url} = regions.get(name)!
      return {
        name,
        url,
        call: (method, path, body, deadlineMs) =>
          fetchJson(`${url}${path}`, {method, body, ...(deadlineMs ? {deadlineMs} : {})}),
      }
    },
    regions: async () => [
      ...[...regions.keys()].map((name) => ({name, up: true})),
      ...[...sunk].map((name) => ({name, up: false})),
    ],
  }
  const service = createSqlService(world)
  const server = fastify()
  const told = [service, createDnsService(world), ...others(world)]
  const services = [...told, createTimeSeriesService(told)]
  for (const part of services) part.routes?.(server)
  await server.listen({host: '127.0.0.1', port: Number(new URL(googleapis).port)})
  for (const part of services) await part.start?.()

  const call: Cloud['call'] = (method, path, body) =>
    fetchJson(`${googleapis}${path}`, {method, body, deadlineMs: 60_000})
  const stop = async () => {
    for (const part of services) await part.stop?.()
    await server.close()
    for (const name of [...regions.keys()]) await sink(name)
    records.close()
  }
  return {
    dir,
    url: googleapis,
    service,
    logged,
    call,
    async done(method, path, body) {
      let operation = await call(method, path, body)
      while (operation.status !== 'DONE') {
        await new Promise((next) => setTimeout(next, 10))
        operation = await call('GET', `${API}/operations/${operation.name}`)
      }
      const {errors} = (operation.error ?? {errors: []}) as {errors: {message: string}[]}
      if (errors[0]) throw new Error(errors[0].message)
      return operation
    },
    sink,
    raise,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(dir, {recursive: true, force: true})
    },
  }
}
