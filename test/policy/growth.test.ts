/** Adding a region later changes nothing in the first two. */
import {expect, test, vi} from 'vitest'
import type {Preset} from '../../src/config/config.ts'
import {extendRoles, initialRoles} from '../../src/topology/roles.ts'
import {type Graph, graphOf, keyOf, type Resource} from './graph.ts'
import {configOf, REGIONS} from './platforms.ts'

/** Running every program takes seconds, on a busy machine many. */
vi.setConfig({testTimeout: 60_000})

/** Global things that name every region: which of their inputs may grow. */
const MAY_GROW: Readonly<Record<string, string>> = {
  'gcp:pubsub/topic:Topic': 'messageStoragePolicy',
  'gcp:compute/backendService:BackendService': 'backends',
}

const CASES = (['standard', 'critical'] as const).flatMap((preset) => [
  {preset, order: [0, 1, 2], place: 'last'},
  {preset, order: [2, 0, 1], place: 'first'},
])

/** Made once for each preset. */
const BEFORE = new Map<Preset, Promise<Graph>>()

async function grown(preset: Preset, order: readonly number[]): Promise<{before: Graph; after: Graph}> {
  const two = configOf('everything', preset, 2)
  const three = {...configOf('everything', preset, 3), regions: order.map((index) => REGIONS[index]!)}
  const roles = initialRoles(two)
  const before = BEFORE.get(preset) ?? graphOf(two, roles)
  BEFORE.set(preset, before)
  return {before: await before, after: await graphOf(three, extendRoles(roles, three))}
}

const byKey = ({resources}: Graph) => new Map(resources.map((resource) => [keyOf(resource), withoutPeers(resource)]))

/** Observers look at every other region, which is all that they know of them. */
function withoutPeers(resource: Resource): Resource {
  if (!resource.stack.startsWith('observer-') || !resource.type.endsWith(':Deployment')) return resource
  const copy = structuredClone(resource)
  for (const container of copy.inputs.spec.template.spec.containers)
    container.env = container.env.filter(({name}: {name: string}) => name !== 'PEERS')
  return copy
}

/** Names of the inputs that differ. */
function changedInputs(before: Resource, after: Resource): string[] {
  const names = new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)])
  return [...names].filter((name) => JSON.stringify(before.inputs[name]) !== JSON.stringify(after.inputs[name]))
}

test.each(CASES)(
  '$preset: a third region listed $place changes no resource of the first two',
  async ({preset, order}) => {
    const {before, after} = await grown(preset, order)
    const now = byKey(after)
    for (const resource of byKey(before).values()) {
      const same = now.get(keyOf(resource))
      expect(same, `${keyOf(resource)} is still there`).toBeDefined()
      const may = MAY_GROW[resource.type]
      const grows = resource.name === 'database-standby' ? 'conditions' : may
      const changed = changedInputs(resource, same!).filter((name) => name !== grows)
      expect(changed, keyOf(resource)).toEqual([])
      // What is global may name one region more, but only what lies in a region is compared in full.
      if (resource.region !== undefined) expect(same).toEqual(resource)
    }
    const [third] = REGIONS.slice(2)
    const added = after.resources.filter((resource) => !byKey(before).has(keyOf(resource)))
    expect(added.length).toBeGreaterThan(20)
    for (const resource of added) expect(JSON.stringify(resource), keyOf(resource)).toContain(third)
  },
)

test('what names every region grows: the first two keep their backends, in any order', async () => {
  const {before, after} = await grown('standard', [2, 0, 1])
  const groups = ({resources}: Graph) =>
    resources
      .filter(({type}) => type === 'gcp:compute/backendService:BackendService')
      .map(({inputs}) => inputs.backends as {group: string}[])
  const now = groups(after)
  groups(before).forEach((backends, i) => {
    expect(now[i]).toEqual(expect.arrayContaining(backends))
    expect(now[i]).toHaveLength(9)
  })
})

/** In standard only the primary has a second zone; the failover itself gives it one (operations, step `protect`). */
test.each([
  ['standard', ['settings.availabilityType']],
  ['critical', []],
] as const)(
  '%s: a failover changes no resource but the record of the primary; %j are moved by the failover',
  async (preset, moved) => {
    const config = configOf('rental', preset, 2)
    const roles = initialRoles(config)
    const graph = async (given = roles) => byKey(await graphOf(config, given))
    const before = await graph()
    const after = await graph({...roles, epoch: 2, primary: REGIONS[1]})
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort())
    const changed = [...before].filter(
      ([key, resource]) => actedOn(resource, moved) !== actedOn(after.get(key)!, moved),
    )
    expect(changed.map(([, {name}]) => name)).toEqual(['record-primary'])
  },
)

/** Inputs without those that Pulumi is told to leave alone. */
function actedOn({inputs, ignoreChanges}: Resource, moved: readonly string[]): string {
  const copy = structuredClone(inputs)
  for (const path of [...ignoreChanges, ...moved]) {
    const [first, second] = path.split('.') as [string, string?]
    if (second === undefined) delete copy[first]
    else if (copy[first] !== undefined) delete copy[first][second]
  }
  return JSON.stringify(copy)
}

test('another domain is another certificate under another name, so that the old one serves until the new one stands', async () => {
  const config = configOf('minimal', 'standard', 2)
  const named = async (domain: string) =>
    (await graphOf({...config, domain})).resources
      .filter(({type}) => /:(Certificate|DnsAuthorization|CertificateMapEntry)$/.test(type))
      .map(({inputs}) => inputs.name as string)
  const [before, after] = [await named('api.example.com'), await named('www.example.com')]
  expect(before).toHaveLength(3)
  expect(before.filter((name) => after.includes(name))).toEqual([])
})
