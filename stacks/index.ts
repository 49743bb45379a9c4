/** The stack graph: every stack and step of a topology, in an order that respects `needs`. Imports no Pulumi. */
import type {Topology} from '../src/topology/topology.ts'
import {app} from './app/index.ts'
import {migration} from './app/migration.ts'
import {cell} from './cell/index.ts'
import {data, designateStandby, hasStandby, prepareDatabase} from './data/index.ts'
import {discoverEndpoints, edge} from './edge/index.ts'
import {fleet, upgradesInSequence} from './fleet/index.ts'
import {foundation} from './foundation/index.ts'
import {publishSecrets} from './foundation/secrets.ts'
import {messaging} from './messaging/index.ts'
import {metrics} from './metrics/index.ts'
import {observe} from './observe/index.ts'
import {observer} from './observer/index.ts'
import type {Node} from './stack.ts'

export function stacksOf(topology: Topology): readonly Node[] {
  const {regions, database, queues, services, secrets, observer: observed, metrics: measured} = topology
  const migrate = database?.config.migrate
  const hasHttp = services.some(({config}) => config.type === 'http')
  return [
    foundation(topology),
    ...(secrets.length > 0 ? [publishSecrets(topology)] : []),
    ...(database ? [data(topology, database)] : []),
    ...regions.map((region) => cell(topology, region)),
    ...(upgradesInSequence(topology) ? [fleet(topology)] : []),
    ...(queues.length > 0 ? [messaging(topology)] : []),
    ...(database && hasStandby(database) ? [designateStandby(topology, database)] : []),
    ...(database ? [prepareDatabase(topology, database)] : []),
    ...(observed ? regions.map((region) => observer(topology, observed, region)) : []),
    ...(measured ? regions.map((region) => metrics(topology, measured, region)) : []),
    ...(migrate ? [migration(topology, migrate)] : []),
    ...regions.map((region) => app(topology, region)),
    ...(hasHttp ? [discoverEndpoints(topology), edge(topology)] : []),
    observe(topology),
  ]
}
