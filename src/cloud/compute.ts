/** Compute API: where the endpoint groups are. Source: https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups */
import type {Clock} from '../clock.ts'
import {HaError} from '../errors.ts'
import type {Cloud} from './cloud.ts'
import {callJson} from './rest.ts'
import type {Wires} from './wires.ts'

interface Group {
  readonly name: string
  readonly selfLink: string
  readonly zone: string
}
interface Aggregated {
  readonly items?: Readonly<Record<string, {readonly networkEndpointGroups?: readonly Group[]}>>
  readonly nextPageToken?: string
}

type Request = Parameters<Cloud['discoverEndpoints']>[0]
type Links = Awaited<ReturnType<Cloud['discoverEndpoints']>>

const POLL_MS = 500

/** Polls until every NEG exists in each of its zones; GKE makes them once pods run, and offers nothing to wait on. */
export async function discoverEndpoints(wires: Wires, clock: Clock, request: Request, token?: string): Promise<Links> {
  const deadline = clock.monotonic() + request.deadlineMs
  for (;;) {
    const groups = await listGroups(wires, request.project, token)
    const {links, missing} = match(request.negs, groups)
    if (missing.length === 0) return links
    if (clock.monotonic() > deadline) {
      throw new HaError('TIMED_OUT', `These endpoint groups did not appear in time: ${missing.join(', ')}.`, {
        next: [
          'A group appears when a pod of its service runs in the zone: `ha status` and `ha logs` show why none does.',
        ],
      })
    }
    await clock.sleep(POLL_MS, request.signal)
  }
}

async function listGroups(wires: Wires, project: string, token?: string): Promise<Group[]> {
  const groups: Group[] = []
  let page = ''
  do {
    const query = page ? `?pageToken=${page}` : ''
    const url = `${wires.base('compute')}/compute/v1/projects/${project}/aggregated/networkEndpointGroups${query}`
    const answer = await callJson<Aggregated>(url, token === undefined ? {} : {token})
    for (const {networkEndpointGroups = []} of Object.values(answer.items ?? {})) groups.push(...networkEndpointGroups)
    page = answer.nextPageToken ?? ''
  } while (page)
  return groups
}

/** Pure: which of the wanted groups exist, and which do not yet. */
export function match(negs: Request['negs'], groups: readonly Group[]): {links: Links; missing: string[]} {
  const found = new Map(
    groups.map(({name, zone, selfLink}) => [`${zone.slice(zone.lastIndexOf('/') + 1)}/${name}`, selfLink]),
  )
  const links: Links = {}
  const missing: string[] = []
  for (const [service, regions] of Object.entries(negs)) {
    for (const [region, {name, zones}] of Object.entries(regions)) {
      for (const zone of zones) {
        const link = found.get(`${zone}/${name}`)
        if (link === undefined) missing.push(`${name} in ${zone}`)
        else record(links, service, region, zone, link)
      }
    }
  }
  return {links, missing}
}

function record(links: Links, service: string, region: string, zone: string, link: string): void {
  links[service] ??= {}
  links[service][region] ??= {}
  links[service][region][zone] = link
}
