/** Cloud DNS: the TXT records that the Auth Proxies follow. Source: https://cloud.google.com/dns/docs/reference/rest/v1/changes */
import {HaError} from '../errors.ts'
import type {Grounded} from './operate.ts'
import {callJson, findJson} from './rest.ts'

interface RecordSet {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly rrdatas: readonly string[]
}

const DEADLINE_MS = 5_000
const TTL_SECONDS = 5

const zoneUrl = ({wires, project, zone}: Grounded) =>
  `${wires.base('dns')}/dns/v1/projects/${project}/managedZones/${zone}`
const unquoted = (text: string) => text.replace(/^"|"$/g, '')

const find = async (reach: Grounded, name: string) =>
  findJson<RecordSet>(`${zoneUrl(reach)}/rrsets/${name}/TXT`, await reach.signed({deadlineMs: DEADLINE_MS}))

export async function readRecord(reach: Grounded, name: string): Promise<string | undefined> {
  const [data] = (await find(reach, name))?.rrdatas ?? []
  return data === undefined ? undefined : unquoted(data)
}

/** The deletion names the whole old record, so that the change is refused when somebody else changed it meanwhile. */
export async function moveRecord(reach: Grounded, name: string, from: string | undefined, to: string): Promise<void> {
  const now = await find(reach, name)
  const value = now && unquoted(now.rrdatas[0] ?? '')
  if (value === to) return
  if (value !== from) {
    throw new HaError('CLOUD_REFUSED', `${name} says ${value ?? 'nothing'}, not ${from ?? 'nothing'}.`, {
      data: {status: 412},
    })
  }
  const wanted: RecordSet = {name, type: 'TXT', ttl: now?.ttl ?? TTL_SECONDS, rrdatas: [`"${to}"`]}
  const body = {
    additions: [wanted],
    ...(now && {deletions: [{name: now.name, type: now.type, ttl: now.ttl, rrdatas: now.rrdatas}]}),
  }
  const call = await reach.signed({method: 'POST', body, deadlineMs: DEADLINE_MS})
  await callJson(`${zoneUrl(reach)}/changes`, call)
}
