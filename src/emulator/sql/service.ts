/** Cloud SQL in the global process: the API and the records; the servers live in their regions. */
import type {FastifyInstance} from 'fastify'
import type {Service, World} from '../contract.ts'
import {InstanceApi} from './api.ts'
import {mountControl} from './control.ts'
import {performer, type Stage} from './deeds.ts'
import {gauges} from './gauges.ts'
import {Operations} from './operations.ts'
import {instanceType} from './provider.ts'
import {databaseType, userType} from './provider-catalog.ts'
import {regionsOf} from './regions.ts'
import {mountRoutes} from './rest.ts'
import {Instances} from './store.ts'

/** How often a demoted primary whose region was away is looked for; nothing runs while there is none. */
const REJOIN_MS = 2_000

export function createSqlService(world: World): Service {
  const stage: Stage = {
    instances: new Instances(world.records),
    regions: regionsOf(world),
    log: world.log,
    now: () => Date.now(),
  }
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const operations = new Operations(world.records, world.log, async (deed) => {
    await performer(stage)(deed)
    watch()
  })
  const api = new InstanceApi(stage, operations)

  const watch = () => {
    const away = stage.instances.list().filter(({rejoining}) => rejoining)
    if (stopped || timer || away.length === 0) return
    timer = setTimeout(async () => {
      timer = undefined
      for (const {resource} of away) {
        const {project, name} = resource
        if (operations.isBusy(name) || !(await stage.regions.isUp(resource.region).catch(() => false))) continue
        operations.begin({type: 'RECREATE_REPLICA', project, target: name, args: {}})
      }
      watch()
    }, REJOIN_MS)
  }

  return {
    name: 'sql',
    gauges: gauges(stage),
    resources: [instanceType(api), databaseType(api, world.records), userType(api, world.records)],
    routes(server: FastifyInstance) {
      mountRoutes(server, api)
      mountControl(server, stage)
    },
    async start() {
      operations.resume()
      watch()
    },
    async stop() {
      stopped = true
      operations.stop()
      clearTimeout(timer)
    },
  }
}
