/** The global process: everything of Google Cloud that outlives a region. */
import {realpathSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {createComputeService} from './compute/service.ts'
import type {EmulatorFile, Service, World} from './contract.ts'
import {mountControl} from './control.ts'
import {createDnsService} from './dns/service.ts'
import {writeJson} from './files.ts'
import {emulatorFile, leaveFolder, takeFolder} from './folder.ts'
import {createGoogleapis} from './googleapis.ts'
import {openLog} from './log.ts'
import {trimWhenIdle} from './memory.ts'
import {openPorts} from './ports.ts'
import {createGcpProvider} from './provider/gcp.ts'
import {createKubernetesProvider} from './provider/kubernetes/provider.ts'
import {loadSchemas} from './provider/schemas.ts'
import {serveProvider} from './provider/server.ts'
import {createPubSubService} from './pubsub/service.ts'
import {openRecords} from './records.ts'
import {retiringEmpty} from './retire.ts'
import type {ContainerOptions} from './services/container.ts'
import {createGenericServices} from './services/index.ts'
import {createTimeSeriesService} from './services/time-series.ts'
import {createSqlService} from './sql/service.ts'
import {createSupervisor} from './supervisor.ts'

export interface GlobalOptions {
  readonly dir: string
  /** The command line that starts this process, for the regions to start it again. */
  readonly command: readonly string[]
  /** In the place of one that was killed: what was killed or paused on purpose before stays so. */
  readonly again?: boolean
  /** Where the load balancer serves, if it must be that very port. */
  readonly edgePort?: number
}

export interface Global {
  readonly file: EmulatorFile
  /** Resolves when somebody asked for an end over HTTP. */
  readonly shutdown: Promise<void>
  /** Orderly: the regions too. Safe to call twice. */
  stop(): Promise<void>
}

/** Starts it in this process; resolves once everything listens and emulator.json is written. Throws AlreadyRunning, PortTaken. */
export async function startGlobal({dir, command, again = false, edgePort}: GlobalOptions): Promise<Global> {
  takeFolder(dir, command, {again})
  const log = openLog(join(dir, 'log', 'emulator.log'))
  process.on('uncaughtExceptionMonitor', ({stack}) => log('error', 'The emulator ends by a bug', {stack}))
  const records = openRecords(join(dir, 'records.db'))
  const ports = openPorts(join(dir, 'ports.json'))
  const port = await ports.claim('googleapis')
  const googleapis = `http://127.0.0.1:${port}`

  let project: string | undefined
  let pubsub = ''
  const supervisor = createSupervisor({dir, log, googleapis, pubsub: () => pubsub, again})
  const ensure: typeof supervisor.ensure = (name, facts = {}) =>
    supervisor.ensure(name, {...(project !== undefined && {project}), ...facts})
  const world: World = {
    dir,
    records,
    ports,
    log,
    googleapis,
    region: (name) => ensure(name),
    regions: async () => supervisor.list().map(({name, state}) => ({name, up: state === 'up'})),
  }

  let ready = false
  const server = createGoogleapis(log, () => ready)
  const services = createServices(world, {ensure, edgePort})
  for (const service of services) service.routes?.(server)
  const startedAt = new Date().toISOString()
  const info = () => ({
    version: 1,
    dir: realpathSync(dir),
    pid: process.pid,
    startedAt,
    googleapis,
    pubsub,
    regions: supervisor.list(),
  })
  const shutdown = new Promise<void>((done) => {
    mountControl(server, {records, supervisor, info, shutdown: done})
  })
  await server.listen({port, host: '127.0.0.1'})

  for (const service of services) {
    await service.start?.()
    if ('address' in service) pubsub = String(service.address)
  }
  ready = true

  const resources = services.flatMap((service) => service.resources)
  const types = new Map(retiringEmpty(resources, records, supervisor.retire).map((type) => [type.token, type]))
  const schemas = loadSchemas()
  const worked = trimWhenIdle()
  const gcp = createGcpProvider({
    ...schemas.gcp,
    types,
    onProject: (name) => {
      project = name
    },
  })
  const providers = {gcp: await ports.claim('provider:gcp'), kubernetes: await ports.claim('provider:kubernetes')}
  const plugins = [
    await serveProvider(gcp, {port: providers.gcp, log, worked}),
    await serveProvider(createKubernetesProvider(schemas.kubernetes), {port: providers.kubernetes, log, worked}),
  ]
  await supervisor.startAll()

  const file: EmulatorFile = {
    version: 1,
    pid: process.pid,
    startedAt,
    googleapis,
    providers,
    pubsub,
  }
  writeJson(emulatorFile(dir), file)
  log('info', 'The emulator is ready', {...file})

  const stop = async () => {
    rmSync(emulatorFile(dir), {force: true})
    for (const plugin of plugins) plugin.stop()
    await supervisor.stopAll()
    for (const service of [...services].reverse()) await service.stop?.()
    await server.close()
    records.close()
    log('info', 'The emulator has stopped')
    leaveFolder(dir)
  }
  let stopped: Promise<void> | undefined
  return {
    file,
    shutdown,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

/** Pub/Sub first: regions are told its address when they start. */
export function createServices(
  world: World,
  {ensure, edgePort}: ContainerOptions & {edgePort: number | undefined},
): Service[] {
  const services = [
    createPubSubService(world),
    ...createGenericServices(world, {ensure}),
    createDnsService(world),
    createSqlService(world),
    createComputeService(world, edgePort === undefined ? {} : {edgePort}),
  ]
  return [...services, createTimeSeriesService(services)]
}
