import {gcp, googleProvider} from '../pulumi.ts'
import type {DataInput} from './index.ts'
import {instanceArgs} from './instance.ts'

/**
 * Roles are observed, never declared: Pulumi must not act on them, or a stale deploy after a failover would promote the old
 * primary again. What only a primary has (backups, the window, the rules for passwords) goes with the role and is operated by
 * ha for the same reason (notes: gcp.md §4.3).
 */
const OPERATED = [
  'instanceType',
  'masterInstanceName',
  'replicaNames',
  'replicationCluster',
  'settings.diskSize',
  'settings.version',
  'settings.backupConfiguration',
  'settings.finalBackupConfig',
  'settings.maintenanceWindow',
  'settings.passwordValidationPolicy',
  'settings.retainBackupsOnDelete',
]

type Instance = DataInput['instances'][number]
type DatabaseInstance = import('@pulumi/gcp/sql/index.js').DatabaseInstance

export function program(input: DataInput) {
  const provider = googleProvider(input.project, input.labels)
  const {DatabaseInstance} = gcp('sql')
  const {RecordSet} = gcp('dns')

  const create = (instance: Instance, dependsOn: DatabaseInstance[]) =>
    new DatabaseInstance(instance.region, instanceArgs(input, instance), {
      provider,
      dependsOn,
      protect: input.protect,
      // Nothing can be changed in a region that is given up, or does not answer.
      ignoreChanges: instance.lost ? [...OPERATED, 'settings'] : OPERATED,
      customTimeouts: {create: '90m', update: '90m', delete: '90m'},
    })

  const primary = create(input.instances.find(({role}) => role === 'primary')!, [])
  const replicas = input.instances.filter(({role}) => role === 'replica').map((instance) => create(instance, [primary]))

  for (const {key, name, target} of input.records) {
    new RecordSet(
      `record-${key}`,
      {project: input.project, managedZone: input.zone, name, type: 'TXT', ttl: 5, rrdatas: [`"${target}"`]},
      {provider, dependsOn: [primary, ...replicas]},
    )
  }
  return {instances: input.instances.map(({name, region, connectionName}) => ({name, region, connectionName}))}
}
