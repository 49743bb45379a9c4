/** The cloud in memory, as a world for the rules. */
import {randomUUID} from 'node:crypto'
import {deriveTopology} from '../../../src/topology/derive.ts'
import {initialRoles} from '../../../src/topology/roles.ts'
import {hastyClock} from '../../fakes/clock.ts'
import {exampleConfig} from '../../fakes/config.ts'
import {fakeCloud} from '../../fakes/operable.ts'
import type {World} from './rules.ts'

const cloudIn = (regions: readonly string[]) => {
  const config = exampleConfig({regions: [...regions]})
  return fakeCloud(deriveTopology(config, initialRoles(config)))
}

export async function openMemory(): Promise<World> {
  const regions = ['us-east1', 'europe-west1'] as const
  const cloud = cloudIn(regions)
  // Operations take their time, as they do elsewhere.
  cloud.looks = 2
  const halfGone = cloudIn(regions)
  halfGone.gone.add(regions[1])
  const [like] = [...cloud.servers.values()]
  let count = 0
  return {
    ...{cloud, clock: hastyClock(), patienceMs: 60_000, regions, endpoints: 3},
    cluster: {cloud: halfGone, services: exampleConfig().services.map(({name}) => name)},
    async pair(edition) {
      count += 1
      const [primary, replica] = [`a${count}`, `b${count}`]
      const facts = {...like!.facts, edition, region: regions[0], name: primary}
      cloud.servers.set(primary, {...like!, facts, rows: new Map()})
      const {id} = await cloud.begin({deed: 'replicate', instance: replica, region: regions[1], primary, like: primary})
      while (!(await cloud.operation(id)).done);
      return {primary, replica}
    },
    newRecord: () => `record-${randomUUID()}.stay.ha.internal.`,
    backend: async (number) => ({cloud: cloudIn(regions.slice(0, number)), name: 'web'}),
    queue: async () => ({topic: 't', subscription: randomUUID(), deadLetterSubscription: 'd'}),
    async lose(region) {
      cloud.gone.add(region)
      return async () => void cloud.gone.delete(region)
    },
    close: async () => {},
  }
}
