/** The steps between stacks, as calls to the cloud port. */
import {type MigrationInput, migrationJob, migrationNamespace} from '../../stacks/app/migration.ts'
import {NAMESPACE_LABELS} from '../../stacks/app/namespace.ts'
import type {StandbyInput} from '../../stacks/data/index.ts'
import type {EndpointsInput} from '../../stacks/edge/index.ts'
import type {SecretsInput} from '../../stacks/foundation/secrets.ts'
import type {Step} from '../../stacks/stack.ts'
import type {Cloud} from '../cloud/cloud.ts'
import type {Deed} from '../engine/run-graph.ts'
import {HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'
import type {Waiting} from '../operations/waits.ts'
import type {GateTopology, Topology} from '../topology/topology.ts'
import {designateStandby} from './standby.ts'

const ENDPOINTS_DEADLINE_MS = 5 * 60_000
const MIGRATION_DEADLINE_MS = 20 * 60_000

export interface Means {
  readonly topology: Topology
  readonly cloud: Cloud
  /** What changes instances, as operations do. */
  readonly waiting: () => Waiting
  readonly emit: Emit
  /** Base URL of the Kubernetes API in a region, as recorded by now. */
  readonly endpoint: (region: string) => string
  /** Value of a secret on this machine: from the environment or a `.env` file. */
  readonly secret: (name: string) => string | undefined
}

export function deedsOf(means: Means): Readonly<Record<Step['deed'], Deed>> {
  return {
    'prepare-database': async (_step, input) => {
      const {project, database, users, observer, gate} = input as DatabaseInput
      const instance = primaryOf(means.topology)
      await means.cloud.prepareDatabase({project, instance, database, users, ...(observer !== undefined && {observer})})
      if (gate) await means.cloud.openGate(gate, means.topology.epoch)
      return {database}
    },
    'designate-standby': async (_step, input) => {
      const standby = await designateStandby(means.waiting(), (input as StandbyInput).instances)
      return standby === undefined ? {} : {standby}
    },
    migrate: (_step, input, signal) => migrate(means, input as MigrationInput, signal),
    'discover-endpoints': (_step, input, signal) => {
      const {project, negs} = input as EndpointsInput
      return means.cloud.discoverEndpoints({project, negs, deadlineMs: ENDPOINTS_DEADLINE_MS, signal})
    },
    'publish-secrets': (_step, input) => publishSecrets(means, input as SecretsInput),
  }
}

interface DatabaseInput {
  readonly project: string
  readonly database: string
  readonly users: string[]
  readonly observer?: string
  readonly gate?: GateTopology
}

const primaryOf = ({database}: Topology) => database!.instances.find(({role}) => role === 'primary')!.name

async function migrate({topology, cloud, endpoint}: Means, input: MigrationInput, signal: AbortSignal) {
  const job = migrationJob(topology, input)
  const account = topology.services.find(({name}) => name === input.service)!.account
  await cloud.runJob({
    endpoint: endpoint(topology.regions.find(({role}) => role === 'primary')!.name),
    namespace: migrationNamespace(topology.namespace),
    namespaceLabels: NAMESPACE_LABELS,
    name: job.name,
    serviceAccount: {
      name: input.service,
      annotations: {'iam.gke.io/gcp-service-account': `${account}@${topology.project}.iam.gserviceaccount.com`},
    },
    spec: job.spec,
    deadlineMs: MIGRATION_DEADLINE_MS,
    signal,
  })
  return {job: job.name}
}

/** On the local target a secret without a value gets a stand-in, so that a rehearsal needs no real one; elsewhere it stops. */
async function publishSecrets({topology, cloud, emit, secret}: Means, {project, secrets}: SecretsInput) {
  const missing: string[] = []
  for (const {name, id} of secrets) {
    if (await cloud.hasSecret(project, id)) continue
    const value = secret(name)
    if (value !== undefined) await cloud.addSecret(project, id, value)
    else if (topology.target === 'local') {
      await cloud.addSecret(project, id, `emulated-${name}`)
      emit({
        kind: 'warning.raised',
        message: `${name} has no value here; the app gets the stand-in emulated-${name}.`,
        next: ['Put the value it should rehearse with into .env beside ha.yaml, before the first deploy.'],
      })
    } else missing.push(id)
  }
  if (missing.length > 0) {
    throw new HaError('CLOUD_REFUSED', `These secrets have no value yet: ${missing.join(', ')}.`, {
      next: missing.map(
        (id) => `printf %s "$VALUE" | gcloud secrets versions add ${id} --data-file=- --project=${project}`,
      ),
    })
  }
  return {secrets: secrets.map(({id}) => id)}
}
