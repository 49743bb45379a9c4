/** The load balancer's records: one set, written through Pulumi and through REST alike, by the same rules. */
import {createHash} from 'node:crypto'
import type {EmulatorClock} from '../clock.ts'
import type {Props, Records} from '../contract.ts'
import {alreadyExists, inUse, notFound, relativeName, requireOf, selfLink, staleFingerprint} from './google.ts'
import {KINDS} from './kinds/index.ts'
import {type Directory, type Kind, referencesIn, requireName, without} from './kinds/kind.ts'
import {adopt, mergePatch, recordOf, viewOf, wireOf, writable} from './kinds/wire.ts'
import {NEG_TOKEN} from './negs.ts'

export interface Collections extends Directory {
  insert(kind: Kind, inputs: Props): {id: string; outputs: Props}
  /** Throws 404. */
  get(kind: Kind, id: string): Props
  find(kind: Kind, id: string): Props | undefined
  /** Of every project. */
  everything(collection: string): readonly {id: string; outputs: Props}[]
  list(kind: Kind, project: string): readonly {id: string; outputs: Props}[]
  /** The record with other inputs; `fingerprint`, when the kind has one, must be current. */
  replace(kind: Kind, id: string, inputs: Props, fingerprint: unknown): Props
  /** A write through REST: `patch` merges, `put` replaces. */
  write(kind: Kind, id: string, body: Props, how: 'patch' | 'put'): Props
  remove(kind: Kind, id: string): void
  view(kind: Kind, id: string, record: Props): Props
  /** Ids of the records that refer to this one. */
  usersOf(id: string): readonly string[]
}

const hash = (text: string) => createHash('sha256').update(text).digest()

export const idOf = (kind: Kind, project: string, name: string) =>
  `projects/${project}/global/${kind.collection}/${name}`

/** A resource's number: Google's are 64-bit and random, ours are from its name and birth. */
export const numberOf = (id: string, born: unknown) =>
  (hash(`${id} ${String(born)}`).readBigUInt64BE() >> 1n).toString()

export function createCollections(records: Records, time: EmulatorClock, changed: () => void): Collections {
  const find = (kind: Kind, id: string) => records.get(kind.token, id)

  const record = (id: string) => {
    const collection = id.split('/').at(-2)
    if (collection === 'networkEndpointGroups') return records.get(NEG_TOKEN, id)
    const kind = KINDS.find((candidate) => candidate.collection === collection)
    return kind === undefined ? undefined : find(kind, id)
  }

  const directory: Directory = {record, exists: (id) => record(id) !== undefined}

  const view = (kind: Kind, id: string, outputs: Props): Props => {
    const shown = viewOf(
      kind,
      outputs,
      id,
      String(outputs[kind.numberIn ?? ''] ?? numberOf(id, outputs.creationTimestamp)),
    )
    if (kind.collection !== 'addresses') return shown
    const users = usersOf(id)
    return users.length === 0 ? shown : {...shown, status: 'IN_USE', users: users.map(selfLink)}
  }

  const usersOf = (id: string): readonly string[] => {
    const address = id.includes('/addresses/') ? record(id)?.address : undefined
    return KINDS.flatMap((kind) =>
      records
        .list(kind.token)
        .filter(({outputs}) => {
          const project = String(outputs.project)
          const refers = referencesIn(kind, outputs).some(
            (ref) => relativeName(ref.value, project, ref.collection) === id,
          )
          const holds =
            outputs.ipAddress !== undefined &&
            (outputs.ipAddress === address || relativeName(String(outputs.ipAddress), project, 'addresses') === id)
          return refers || (address !== undefined && holds)
        })
        .map((user) => user.id),
    )
  }

  const taken = (value: string) =>
    KINDS.some((kind) =>
      records.list(kind.token).some(({outputs}) => outputs.address === value || outputs.ipAddress === value),
    )

  /** Checks by the API's rules, then makes it durable. */
  const settle = (kind: Kind, id: string, outputs: Props): Props => {
    const project = String(outputs.project)
    for (const reference of referencesIn(kind, outputs)) {
      const target = relativeName(reference.value, project, reference.collection)
      if (!EMULATED.has(target.split('/').at(-2) ?? '') || directory.exists(target)) continue
      throw notFound(target)
    }
    const shown = view(kind, id, outputs)
    kind.validate?.(shown, directory, project)
    const settled = kind.fingerprinted ? {...outputs, fingerprint: fingerprintOf(shown)} : outputs
    records.put(kind.token, id, settled)
    changed()
    return settled
  }

  const complete = (kind: Kind, inputs: Props, kept: Props | undefined): Props => {
    const given: Props = {...kind.defaults, ...without(inputs, [])}
    return {...given, ...kind.compute?.(given, kept, taken)}
  }

  const get = (kind: Kind, id: string): Props => {
    const found = find(kind, id)
    if (found === undefined) throw notFound(id)
    return found
  }

  const born = (kind: Kind, id: string, creationTimestamp: unknown): Props => ({
    creationTimestamp,
    selfLink: selfLink(id),
    ...(kind.numberIn === undefined ? {} : {[kind.numberIn]: numberFor(kind, id, creationTimestamp)}),
  })

  const replace: Collections['replace'] = (kind, id, inputs, fingerprint) => {
    const kept = get(kind, id)
    if (kind.guarded && fingerprint !== undefined && !isCurrent(fingerprint, kept)) throw staleFingerprint()
    return settle(kind, id, {...complete(kind, inputs, kept), ...born(kind, id, kept.creationTimestamp)})
  }

  return {
    ...directory,
    find,
    get,
    view,
    usersOf,
    replace,
    list: (kind, project) => records.list(kind.token).filter(({id}) => id.startsWith(`projects/${project}/`)),

    everything: (collection) =>
      KINDS.filter((kind) => kind.collection === collection).flatMap((kind) => records.list(kind.token)),

    insert: (kind, inputs) => {
      requireName(inputs.name)
      const id = idOf(kind, requireOf(inputs, 'project'), inputs.name)
      if (find(kind, id) !== undefined) throw alreadyExists(id)
      const stamp = new Date(time.now()).toISOString().replace('Z', '+00:00')
      return {id, outputs: settle(kind, id, {...complete(kind, inputs, undefined), ...born(kind, id, stamp)})}
    },

    write: (kind, id, body, how) => {
      const kept = get(kind, id)
      if (kind.guarded && !isCurrent(body.fingerprint, kept)) throw staleFingerprint()
      const before = writable(view(kind, id, kept))
      const change = writable(body)
      const after = how === 'patch' ? mergePatch(before, change) : {name: before.name, ...change}
      const wire = adopt(writable(wireOf(kind, kept)), before, after) as Props
      const inputs = {...recordOf(kind, wire), project: kept.project, ...pulumiOnly(kept)}
      return replace(kind, id, inputs, undefined)
    },

    remove: (kind, id) => {
      get(kind, id)
      const [user] = usersOf(id)
      if (user !== undefined) throw inUse(kind.noun, id, user)
      records.delete(kind.token, id)
      changed()
    },
  }
}

const EMULATED = new Set([...KINDS.map((kind) => kind.collection), 'networkEndpointGroups'])

const pulumiOnly = (kept: Props): Props =>
  kept.deletionPolicy === undefined ? {} : {deletionPolicy: kept.deletionPolicy}

/** Pulumi types some numbers as number, some as string; a 53-bit one fits both. */
function numberFor(kind: Kind, id: string, creationTimestamp: unknown): number | string {
  const number = numberOf(id, creationTimestamp)
  return NUMERIC.has(kind.numberIn ?? '') ? Number(BigInt(number) >> 12n) : number
}

/** Outputs that the SDK types as numbers. */
const NUMERIC = new Set(['generatedId', 'mapId', 'proxyId', 'forwardingRuleId'])

/** Google's are base64 of eight bytes that change with the content. */
function fingerprintOf(view: Props): string {
  const content = without(view, ['fingerprint', 'labelFingerprint'])
  return hash(JSON.stringify(content)).subarray(0, 8).toString('base64')
}

/** Bytes, so both alphabets of base64 are the same: gcloud sends back the URL-safe one. */
const isCurrent = (fingerprint: unknown, kept: Props) =>
  typeof fingerprint === 'string' &&
  fingerprint.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '') ===
    String(kept.fingerprint).replace(/=+$/, '')
