/** Who takes part in load balancing: capacityScaler of a backend service's groups. Source: https://cloud.google.com/compute/docs/reference/rest/v1/backendServices/patch */
import type {Health, Rotation} from './operable.ts'
import type {Reach} from './reach.ts'
import {callJson} from './rest.ts'

interface Backend {
  readonly group: string
  readonly capacityScaler?: number
}
interface BackendService {
  readonly fingerprint: string
  readonly backends?: readonly Backend[]
}
interface HealthAnswer {
  readonly healthStatus?: readonly {readonly healthState?: string}[]
}

const DEADLINE_MS = 5_000

const urlOf = ({wires, project}: Reach, backend: string) =>
  `${wires.base('compute')}/compute/v1/projects/${project}/global/backendServices/${backend}`

/** `…/zones/us-east1-b/networkEndpointGroups/…` → `us-east1` */
export const regionOfGroup = (group: string): string => /\/zones\/([^/]+)-[a-z]\//.exec(group)?.[1] ?? ''

const read = async (reach: Reach, backend: string) =>
  callJson<BackendService>(urlOf(reach, backend), await reach.signed({deadlineMs: DEADLINE_MS}))

export async function readRotation(reach: Reach, backend: string): Promise<Rotation> {
  const {fingerprint, backends = []} = await read(reach, backend)
  return {
    fingerprint,
    groups: backends.map(({group, capacityScaler = 1}) => ({
      group,
      region: regionOfGroup(group),
      share: capacityScaler,
    })),
  }
}

/** Every other field of the backends stays as it is; PATCH replaces the list as a whole. */
export async function writeRotation(reach: Reach, backend: string, {fingerprint, groups}: Rotation): Promise<void> {
  const {backends = []} = await read(reach, backend)
  const share = new Map(groups.map((it) => [it.group, it.share]))
  const body = {
    fingerprint,
    backends: backends.map((it) => ({...it, capacityScaler: share.get(it.group) ?? it.capacityScaler ?? 1})),
  }
  await callJson(urlOf(reach, backend), await reach.signed({method: 'PATCH', body, deadlineMs: DEADLINE_MS}))
}

/** Source: https://cloud.google.com/compute/docs/reference/rest/v1/backendServices/getHealth */
export async function groupHealth(
  reach: Reach,
  backend: string,
  {groups}: Rotation,
): Promise<Readonly<Record<string, Health>>> {
  const seen = await Promise.all(
    groups.map(async ({group, region}) => {
      const call = await reach.signed({method: 'POST', body: {group}, deadlineMs: DEADLINE_MS})
      const {healthStatus = []} = await callJson<HealthAnswer>(`${urlOf(reach, backend)}/getHealth`, call)
      return {
        region,
        total: healthStatus.length,
        healthy: healthStatus.filter((it) => it.healthState === 'HEALTHY').length,
      }
    }),
  )
  const regions: Record<string, Health> = {}
  for (const {region, healthy, total} of seen) {
    const sum = regions[region] ?? {healthy: 0, total: 0}
    regions[region] = {healthy: sum.healthy + healthy, total: sum.total + total}
  }
  return regions
}
