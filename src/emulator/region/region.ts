/** The parts of a region behind one control server. */
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import fastify from 'fastify'
import type {RegionPart, RegionWorld} from '../contract.ts'
import {writeJson} from '../files.ts'
import {createCluster} from '../kubernetes/control/cluster.ts'
import {createSqlHost} from '../sql/host.ts'
import {startAuthProxy} from '../sql/proxy.ts'

export interface Region {
  readonly url: string
  /** Ends everything in the region, each part in its order; resolves when no process is left. */
  stop(): Promise<void>
}

/** Brings every part back and, once all of them answer, writes `region.json`: `{pid, startedAt, url}`. */
export async function startRegion(world: RegionWorld, parts: readonly RegionPart[] = partsOf(world)): Promise<Region> {
  const file = join(world.dir, 'region.json')
  rmSync(file, {force: true})
  const server = fastify({forceCloseConnections: true, bodyLimit: 16 << 20})
  server.get('/', () => ({region: world.region, pid: process.pid, parts: parts.map(({name}) => name)}))
  for (const part of parts) part.routes?.(server)
  await Promise.all(parts.map((part) => part.start()))
  const url = await server.listen({host: '127.0.0.1', port: await world.ports.claim('region')})
  writeJson(file, {pid: process.pid, startedAt: new Date().toISOString(), url})
  world.log('info', `Region ${world.region} is ready`, {url})
  return {
    url,
    async stop() {
      rmSync(file, {force: true})
      await server.close()
      const stopped = await Promise.allSettled(parts.map((part) => part.stop()))
      const failed = stopped.find((result) => result.status === 'rejected')
      if (failed) throw failed.reason
    },
  }
}

const partsOf = (world: RegionWorld): RegionPart[] => [
  createSqlHost(world),
  createCluster(world, {startProxy: (options) => startAuthProxy({...options, googleapis: world.googleapis})}),
]
