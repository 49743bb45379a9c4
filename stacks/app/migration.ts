import type {batch} from '@pulumi/kubernetes/types/input.js'
import type {Topology} from '../../src/topology/topology.ts'
import type {Step} from '../stack.ts'
import {podSpec} from './pod.ts'

export interface MigrationInput {
  readonly service: string
  readonly image: string
  readonly command: string
}

/** The release's migrations, once, where the primary is, before any region's workloads change. */
export const migration = (
  topology: Topology,

  migrate: {service: string; command: string},
): Step => ({
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
 * The Job for `input`, in the primary's region. Its name carries the release's hash, since a Job's template is immutable.
 * @throws never; pure.
 */
export function migrationJob(
  topology: Topology,
  input: MigrationInput,
  hash: string,
): {name: string; serviceAccount: string; spec: batch.v1.JobSpec} {
  const service = topology.services.find(({name}) => name === input.service)!
  const region = topology.regions.find(({role}) => role === 'primary')!.name
  const labels = {app: 'migrate'}
  const {health: _health, port: _port, ...config} = service.config
  const setting = {region, secrets: [], ...(topology.database && {database: topology.database})}
  const pod = podSpec(
    {...service, config: {...config, command: ['/bin/sh', '-c', `exec ${input.command}`]}},
    setting,
    labels,
  )
  return {
    name: `migrate-${hash}`,
    serviceAccount: service.name,
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: 900,
      template: {metadata: {labels}, spec: {...pod, restartPolicy: 'Never'}},
    },
  }
}
