import {createHash} from 'node:crypto'
import type {batch} from '@pulumi/kubernetes/types/input.js'
import type {Topology} from '../../src/topology/topology.ts'
import type {Step} from '../stack.ts'
import {databaseIn} from './database.ts'
import {podSpec, serviceContainer} from './pod.ts'

export interface MigrationInput {
  readonly service: string
  readonly image: string
  readonly command: string
}

/** The release's migrations, once, where the primary is, before any region's workloads change. */
export const migration = (topology: Topology, migrate: {service: string; command: string}): Step => ({
  kind: 'step',
  name: 'migration',
  title: 'Migrate the database',
  deed: 'migrate',
  // Every cell: which one it runs in depends on who is primary, and the answer may change between plan and deploy.
  needs: ['foundation', 'database', ...topology.regions.filter(({lost}) => !lost).map(({name}) => `cell-${name}`)],
  // Not the region: the schema is replicated, so a new primary must not make the migrations run again.
  input: (): MigrationInput => ({
    ...migrate,
    image: topology.services.find(({name}) => name === migrate.service)!.config.image,
  }),
})

/** In a namespace of its own, so that the app stacks own theirs wholly. */
export const migrationNamespace = (namespace: string) => `${namespace}-release`

/**
 * The Job for `input`, in the primary's region. A Job's template is immutable, so its name carries a hash of it: another
 * release is another Job, the same release finds the one that already ran. Pure.
 */
export function migrationJob(topology: Topology, input: MigrationInput): {name: string; spec: batch.v1.JobSpec} {
  const service = topology.services.find(({name}) => name === input.service)!
  const region = topology.regions.find(({role}) => role === 'primary')!.name
  const labels = {app: 'migrate'}
  const {health: _health, port: _port, ...config} = service.config
  const setting = {region, secrets: [], ...(topology.database && {database: databaseIn(topology.database, region)})}
  const command = ['/bin/sh', '-c', `exec ${input.command}`]
  const release = {...service, config: {...config, command}}
  // A name of its own: what stands for the service on the local target must not stand for its migration.
  const containers = [{...serviceContainer(release, setting), name: 'migrate'}]
  const spec = {
    backoffLimit: 3,
    activeDeadlineSeconds: 900,
    template: {
      metadata: {labels},
      spec: {...podSpec(release, setting, labels), containers, restartPolicy: 'Never'},
    },
  }
  const hash = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 10)
  return {name: `migrate-${hash}`, spec}
}
