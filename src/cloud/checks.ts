/** What must be true at Google before a first deploy can work: one question each, all asked at once, none of them changes anything. */
import {refusalOf} from '../refusals.ts'
import type {RegionTopology, Topology} from '../topology/topology.ts'
import {callJson, statusOf} from './rest.ts'
import type {Api, Wires} from './wires.ts'

export interface Finding {
  readonly name: CheckName
  /** `bad`: a deploy would fail. `warn`: it works, but look at it. */
  readonly verdict: 'ok' | 'warn' | 'bad' | 'skipped'
  readonly what: string
  readonly next: readonly string[]
}

export const CHECKS = ['credentials', 'project', 'billing', 'apis', 'regions', 'quotas', 'database', 'domain'] as const
export type CheckName = (typeof CHECKS)[number]

/** The nameservers of a domain; rejects when there are none. */
export type Nameservers = (domain: string) => Promise<readonly string[]>

export interface Question {
  readonly wires: Wires
  readonly topology: Topology
  readonly nameservers: Nameservers
  readonly skip: readonly CheckName[]
}

type Found = Omit<Finding, 'name'>
type Ask = (question: Question & {get: Get}) => Promise<Found>
type Get = <T>(api: Api, path: string) => Promise<T>

/** Enabled before anything else can be: the deploy enables the others itself. */
const FIRST_APIS = ['serviceusage.googleapis.com', 'cloudresourcemanager.googleapis.com']
const VCPUS_PER_NODE = 4

const ok = (what: string): Found => ({verdict: 'ok', what, next: []})
const warn = (what: string, ...next: string[]): Found => ({verdict: 'warn', what, next})
const bad = (what: string, ...next: string[]): Found => ({verdict: 'bad', what, next})

/** Every finding in the order of CHECKS. Does not throw: what cannot be asked is a finding too. */
export async function checkOnline(question: Question): Promise<readonly Finding[]> {
  const {wires, skip} = question
  const token = wires.token?.() ?? Promise.resolve(undefined)
  const get: Get = async (api, path) => {
    const bearer = await token
    return callJson(`${wires.base(api)}${path}`, bearer === undefined ? {} : {token: bearer})
  }
  const signedIn = await token.then(
    () => undefined,
    (thrown: Error & {next?: readonly string[]}) => thrown,
  )
  const ask = async (name: CheckName): Promise<Finding> => {
    if (skip.includes(name)) return {name, verdict: 'skipped', what: 'skipped, as asked', next: []}
    if (name === 'credentials')
      return {name, ...(signedIn ? bad(signedIn.message, ...(signedIn.next ?? [])) : ok('Google gives a token'))}
    if (signedIn && name !== 'domain') return {name, verdict: 'skipped', what: 'needs credentials', next: []}
    try {
      return {name, ...(await ASKS[name]({...question, get}))}
    } catch (thrown) {
      return {name, ...refusal(thrown, question.topology.project)}
    }
  }
  return Promise.all(CHECKS.map(ask))
}

const ASKS: Readonly<Record<Exclude<CheckName, 'credentials'>, Ask>> = {
  async project({get, topology: {project}}) {
    const {state} = await get<{state?: string}>('cloudresourcemanager', `/v3/projects/${project}`)
    return state === 'ACTIVE' ? ok(`${project} is active`) : bad(`${project} is ${state ?? 'in no known state'}.`)
  },

  async billing({get, topology: {project}}) {
    const {billingEnabled} = await get<{billingEnabled?: boolean}>(
      'cloudbilling',
      `/v1/projects/${project}/billingInfo`,
    )
    if (billingEnabled) return ok('a billing account pays')
    return bad(
      'No billing account pays for the project.',
      `gcloud billing projects link ${project} --billing-account=ACCOUNT`,
    )
  },

  async apis({get, topology: {project}}) {
    const states = await Promise.all(
      FIRST_APIS.map(
        async (api) =>
          [api, await get<{state?: string}>('serviceusage', `/v1/projects/${project}/services/${api}`)] as const,
      ),
    )
    const off = states.filter(([, {state}]) => state !== 'ENABLED').map(([api]) => api)
    if (off.length === 0) return ok('the deploy can enable the others')
    return bad(`Not enabled: ${off.join(', ')}.`, `gcloud services enable ${off.join(' ')} --project=${project}`)
  },

  async regions({get, topology}) {
    const seen = await Promise.all(
      topology.regions.map(async (region) => ({region, ...(await regionOf(get, topology, region))})),
    )
    const down = seen.filter(({status}) => status !== 'UP').map(({region}) => region.name)
    if (down.length > 0) return bad(`Google says these regions are not up: ${down.join(', ')}.`)
    const missing = seen.flatMap(({region, zones = []}) =>
      region.zones.filter((zone) => !zones.some((url) => url.endsWith(`/${zone}`))),
    )
    return missing.length > 0
      ? bad(`These zones are not offered to this project: ${missing.join(', ')}.`)
      : ok(`${seen.length} up, with their zones`)
  },

  async quotas({get, topology}) {
    const short = (await Promise.all(topology.regions.map((region) => shortage(get, topology, region)))).flat()
    const {project} = topology
    const next = `Ask for more for ${project}: https://docs.cloud.google.com/docs/quotas/view-manage`
    if (short.length === 0) return ok('each region may grow to carry the others’ load')
    return short.some(({fatal}) => fatal)
      ? bad(short.map(({what}) => what).join(' '), next)
      : warn(short.map(({what}) => what).join(' '), next)
  },

  async database({get, topology}) {
    const {database, project} = topology
    if (!database) return ok('none is asked for')
    const {items = []} = await get<{items?: readonly {tier: string; region?: readonly string[]}[]}>(
      'sqladmin',
      `/sql/v1beta4/projects/${project}/tiers`,
    )
    const offered = (tier: string, region: string) =>
      items.some((item) => item.tier === tier && (item.region ?? []).includes(region))
    // Custom tiers are made to measure: none of them is listed.
    const missing = database.instances.filter(
      ({tier, region}) => !tier.startsWith('db-custom-') && !offered(tier, region),
    )
    if (missing.length === 0) return ok(`${database.instances[0]!.tier}, ${database.instances[0]!.edition}`)
    return bad(
      `Cloud SQL does not offer ${missing.map(({tier, region}) => `${tier} in ${region}`).join(', ')}.`,
      'Choose another region, or another preset: Enterprise Plus is not offered everywhere.',
    )
  },

  async domain({nameservers, topology: {edge}}) {
    if (edge.domain === undefined) return ok('none is asked for')
    for (let zone = edge.domain; zone.includes('.'); zone = zone.slice(zone.indexOf('.') + 1)) {
      const servers = await nameservers(zone).catch(() => [])
      if (servers.length > 0) return ok(`${edge.domain} is in the zone ${zone}, served by ${servers[0]}`)
    }
    return bad(
      `Nobody serves ${edge.domain} in DNS, so its certificate cannot be issued.`,
      'Register the domain, or delegate its zone; then point it at the address that the deploy prints.',
    )
  },
}

interface Region {
  readonly status?: string
  readonly zones?: readonly string[]
  readonly quotas?: readonly {readonly metric: string; readonly limit: number; readonly usage: number}[]
}

const regionOf = (get: Get, {project}: Topology, {name}: RegionTopology) =>
  get<Region>('compute', `/compute/v1/projects/${project}/regions/${name}`)

/** vCPUs missing for the region to run at rest (fatal), or to take over from the others. */
async function shortage(get: Get, topology: Topology, region: RegionTopology) {
  const {quotas = []} = await regionOf(get, topology, region)
  const {machineType, minPerZone, maxPerZone} = region.nodes
  const metric = machineType.startsWith('n2-') ? 'N2_CPUS' : 'CPUS'
  const quota = quotas.find((each) => each.metric === metric)
  if (!quota) return []
  const vcpus = (perZone: number) => perZone * region.zones.length * VCPUS_PER_NODE
  // What this platform uses there already is part of the usage: only a platform that is not there yet needs all of it.
  const free = quota.limit - quota.usage
  const [rest, full] = [vcpus(minPerZone), vcpus(maxPerZone)]
  if (quota.limit < rest || (quota.usage === 0 && free < rest))
    return [{fatal: true, what: `${region.name}: ${metric} allows ${quota.limit}, ${rest} are needed at rest.`}]
  if (quota.limit >= full) return []
  return [
    {
      fatal: false,
      what: `${region.name}: ${metric} allows ${quota.limit}, ${full} are needed to carry a lost region’s load.`,
    },
  ]
}

/** Google's refusal as a finding: an API that is off, something that may not be seen, or no answer at all. */
function refusal(thrown: unknown, project: string): Found {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const status = statusOf(thrown)
  const known = refusalOf(message)
  if (known?.code === 'API_DISABLED')
    return warn(
      'Its API is not enabled yet, so this cannot be told.',
      `gcloud services enable ${known.name} --project=${project}`,
    )
  if (status === 403)
    return bad(`These credentials may not look: ${message}`, `Ask for roles/viewer on the project ${project}.`)
  if (status === 404) return bad(`Not found: ${message}`, `Check project in ha.yaml: ${project}.`)
  return bad(message)
}
