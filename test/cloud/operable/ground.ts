/** Instances, records and backend services made over Google's REST APIs, for rules to be tried on: the emulator's or Google's. */
import {randomBytes} from 'node:crypto'
import {systemClock} from '../../../src/clock.ts'
import {createOperable} from '../../../src/cloud/operate.ts'
import {callJson} from '../../../src/cloud/rest.ts'
import type {Wires} from '../../../src/cloud/wires.ts'
import {asHaError} from '../../../src/errors.ts'
import {until} from '../../../src/operations/waits.ts'
import type {Edition, World} from './rules.ts'

export interface GroundWish {
  readonly wires: Wires
  readonly project: string
  /** The database's name for whoever asks, as an IAM user. Absent: nobody needs one (emulator). */
  readonly user?: string
  /** Ports of one healthy endpoint for each group; absent: the groups stay empty. */
  readonly endpoint?: number
  readonly clusters: Readonly<Record<string, string>>
  readonly services?: readonly string[]
  readonly patienceMs: number
}

const REGIONS = ['us-east1', 'europe-west1'] as const
const TIER: Readonly<Record<Edition, string>> = {
  ENTERPRISE: 'db-custom-1-3840',
  ENTERPRISE_PLUS: 'db-perf-optimized-N-2',
}

type Operation = {readonly name: string; readonly status: string; readonly error?: {errors?: {message?: string}[]}}

/** Everything it makes bears a random suffix, and nothing else is changed. `close` takes all of it away, or says what it could not. */
export async function openGround(wish: GroundWish): Promise<World> {
  const {wires, project, user, endpoint, clusters, services, patienceMs} = wish
  const suffix = randomBytes(4).toString('hex')
  let count = 0
  const newName = (what: string) => {
    count += 1
    return `ha-contract-${suffix}-${what}${count}`
  }
  const undo: (readonly [string, () => Promise<unknown>])[] = []
  const made = (what: string, remove: () => Promise<unknown>) => void undo.push([what, remove])

  const call = async <T>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<T> => {
    const token = await wires.token?.()
    return callJson<T>(url, {method, body, deadlineMs: 30_000, ...(token !== undefined && {token})})
  }
  /** Sends it and waits for the operation it answers with. */
  const done = async (operations: string, ...args: Parameters<typeof call>): Promise<void> => {
    const {name} = await call<Operation>(...args)
    const ended = await until({clock: systemClock}, patienceMs, `${args[1]} did not end`, async () => {
      const now = await call<Operation>('GET', `${operations}/${name}`)
      return now.status === 'DONE' ? now : undefined
    })
    const message = ended.error?.errors?.[0]?.message
    if (message !== undefined) throw new Error(`${args[0]} ${args[1]}: ${message}`)
  }

  const sql = `${wires.base('sqladmin')}/sql/v1beta4/projects/${project}`
  const inSql = (...args: Parameters<typeof call>) => done(`${sql}/operations`, ...args)
  const instance = async (name: string, region: string, edition: Edition, primary?: string) => {
    const settings = {
      ...{edition, tier: TIER[edition], availabilityType: 'ZONAL', dataApiAccess: 'ALLOW_DATA_API'},
      databaseFlags: [{name: 'cloudsql.iam_authentication', value: 'on'}],
      ...(primary === undefined && {backupConfiguration: {enabled: true, pointInTimeRecoveryEnabled: true}}),
    }
    const role = primary === undefined ? {} : {masterInstanceName: primary, instanceType: 'READ_REPLICA_INSTANCE'}
    await inSql('POST', `${sql}/instances`, {name, region, databaseVersion: 'POSTGRES_16', settings, ...role})
    made(`instance ${name}`, () => inSql('DELETE', `${sql}/instances/${name}`))
  }

  const zone = newName('zone')
  const dns = `${wires.base('dns')}/dns/v1/projects/${project}/managedZones`
  const dnsName = `${zone}.ha.internal.`
  await call('POST', dns, {name: zone, dnsName, visibility: 'private', description: 'Made by the contract tests of ha'})
  made(`zone ${zone}`, () => call('DELETE', `${dns}/${zone}`))

  const compute = `${wires.base('compute')}/compute/v1/projects/${project}`
  const link = (path: string) => `https://www.googleapis.com/compute/v1/projects/${project}/${path}`
  const globally = (...args: Parameters<typeof call>) => done(`${compute}/global/operations`, ...args)
  const group = async (region: string) => {
    const [at, name] = [`zones/${region}-b`, newName('neg')]
    const inZone = (...args: Parameters<typeof call>) => done(`${compute}/${at}/operations`, ...args)
    const groups = `${compute}/${at}/networkEndpointGroups`
    await inZone('POST', groups, {
      ...{name, networkEndpointType: 'GCE_VM_IP_PORT'},
      network: link('global/networks/default'),
    })
    made(`group ${name}`, () => inZone('DELETE', `${groups}/${name}`))
    if (endpoint !== undefined) {
      const networkEndpoints = [{ipAddress: '127.0.0.1', port: endpoint, instance: 'node-1'}]
      await inZone('POST', `${groups}/${name}/attachNetworkEndpoints`, {networkEndpoints})
    }
    return link(`${at}/networkEndpointGroups/${name}`)
  }
  const pubsub = `${wires.base('pubsub')}/v1/projects/${project}`
  const inPubsub = async (kind: 'topics' | 'subscriptions', name: string, body: object) => {
    await call('PUT', `${pubsub}/${kind}/${name}`, body)
    made(`${kind} ${name}`, () => call('DELETE', `${pubsub}/${kind}/${name}`))
    return `projects/${project}/${kind}/${name}`
  }

  const check = newName('check')
  await globally('POST', `${compute}/global/healthChecks`, {
    ...{name: check, type: 'HTTP', httpHealthCheck: {portSpecification: 'USE_SERVING_PORT', requestPath: '/'}},
    ...{checkIntervalSec: 1, timeoutSec: 1, healthyThreshold: 1},
  })
  made(`health check ${check}`, () => globally('DELETE', `${compute}/global/healthChecks/${check}`))

  const cloud = createOperable({wires, project, clock: systemClock, zone, namespace: 'default', endpoints: clusters})
  return {
    ...{cloud, clock: systemClock, patienceMs, regions: REGIONS, endpoints: endpoint === undefined ? 0 : 1},
    ...(services && {cluster: {cloud, services}}),
    async pair(edition) {
      const [primary, replica] = [newName('a'), newName('b')]
      await instance(primary, REGIONS[0], edition)
      if (user !== undefined) {
        const type = user.endsWith('.iam') ? 'CLOUD_IAM_SERVICE_ACCOUNT' : 'CLOUD_IAM_USER'
        await inSql('POST', `${sql}/instances/${primary}/users`, {name: user, type})
      }
      await instance(replica, REGIONS[1], edition, primary)
      return {primary, replica}
    },
    async queue() {
      const [topic, subscription, deadLetterSubscription] = [newName('topic'), newName('sub'), newName('dead')]
      const full = await inPubsub('topics', topic, {
        messageRetentionDuration: '86400s',
        messageStoragePolicy: {allowedPersistenceRegions: REGIONS},
      })
      for (const name of [subscription, deadLetterSubscription]) await inPubsub('subscriptions', name, {topic: full})
      made(`snapshot of ${subscription}`, () => call('DELETE', `${pubsub}/snapshots/${subscription}-again`))
      return {topic, subscription, deadLetterSubscription}
    },
    newRecord() {
      const name = `${newName('record')}.${dnsName}`
      made(`record ${name}`, () => call('DELETE', `${dns}/${zone}/rrsets/${name}/TXT`))
      return name
    },
    async backend(regions) {
      const name = newName('backend')
      const groups = await Promise.all(REGIONS.slice(0, regions).map(group))
      await globally('POST', `${compute}/global/backendServices`, {
        ...{name, loadBalancingScheme: 'EXTERNAL_MANAGED', protocol: 'HTTP'},
        healthChecks: [link(`global/healthChecks/${check}`)],
        backends: groups.map((it) => ({group: it, balancingMode: 'RATE', maxRatePerEndpoint: 100, capacityScaler: 1})),
      })
      made(`backend ${name}`, () => globally('DELETE', `${compute}/global/backendServices/${name}`))
      return {cloud, name}
    },
    async close() {
      // Roles may have been exchanged since, and operations may be under way: what is in use is tried again when the rest is gone.
      let left = undo.toReversed()
      const why = new Map<string, string>()
      await until({clock: systemClock}, patienceMs, 'Not everything was taken away', async () => {
        const remaining: typeof left = []
        for (const it of left) {
          const error = await it[1]().then(() => undefined, asHaError)
          if (error === undefined || error.data.status === 404) continue
          why.set(it[0], error.message)
          remaining.push(it)
        }
        left = remaining
        return left.length === 0 ? true : undefined
      }).catch((error: Error) => {
        throw new Error(`${error.message} ${left.map(([what]) => `${what}: ${why.get(what)}`).join('; ')}`)
      })
    },
  }
}
