import type {StandbyInput} from '../../../stacks/data/index.ts'
import {stacksOf} from '../../../stacks/index.ts'
import {each, of, type Rule, shown} from '../rule.ts'

/** Source: https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery */
const EQUAL_FLAGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_parallel_workers',
  'max_locks_per_transaction',
  'max_parallel_maintenance_workers',
  'max_parallel_workers_per_gather',
]

const INSTANCE = ['DatabaseInstance']

export const database: readonly Rule[] = [
  each(
    'A database has no public address, takes encrypted connections only, and those through a connector',
    INSTANCE,
    ({settings: {ipConfiguration: ip, connectorEnforcement}}) =>
      !(
        ip.ipv4Enabled === false &&
        ip.privateNetwork &&
        ip.sslMode === 'ENCRYPTED_ONLY' &&
        connectorEnforcement === 'REQUIRED'
      ) && 'open',
    ({settings}) => {
      settings.ipConfiguration.ipv4Enabled = true
    },
  ),
  each(
    'Its certificate has the instance’s name, by which a proxy that came by a record tells it',
    INSTANCE,
    ({settings: {ipConfiguration: ip}}) => ip.serverCaMode !== 'GOOGLE_MANAGED_INTERNAL_CA' && ip.serverCaMode,
    ({settings}) => {
      settings.ipConfiguration.serverCaMode = 'GOOGLE_MANAGED_CAS_CA'
    },
  ),
  {
    says: 'Where Cloud SQL can exchange a primary with a standby, a deploy names one, once both stand',
    violations: ({topology, resources}) => {
      const plus = of(resources, ...INSTANCE).filter(({inputs}) => inputs.settings.edition === 'ENTERPRISE_PLUS')
      const step = stacksOf(topology).find((node) => node.kind === 'step' && node.deed === 'designate-standby')
      const {instances} = (step?.input({}) ?? {instances: []}) as StandbyInput
      return plus.filter(({inputs}) => !instances.includes(inputs.name)).map(shown)
    },
    plant: (copy) => {
      const [victim] = of(copy, ...INSTANCE)
      if (victim) victim.inputs.name = 'somebody-else'
      return victim !== undefined
    },
  },
  each(
    'The edition is stated and the machine belongs to it',
    INSTANCE,
    ({settings: {edition, tier}}) =>
      (edition === 'ENTERPRISE_PLUS'
        ? !tier.startsWith('db-perf-optimized-')
        : edition !== 'ENTERPRISE' || !tier.startsWith('db-custom-')) && `${edition} ${tier}`,
    ({settings}) => {
      delete settings.edition
    },
  ),
  each(
    'What a standby must share with its primary is stated on every instance, and alike',
    INSTANCE,
    ({settings}, _, {resources}) => {
      const flags = (all: {name: string; value: string}[]) =>
        EQUAL_FLAGS.map((name) => all.find((flag) => flag.name === name)?.value).join()
      const others = of(resources, ...INSTANCE).map(({inputs}) => flags(inputs.settings.databaseFlags))
      return (
        (others.some((other) => other !== flags(settings.databaseFlags)) ||
          flags(settings.databaseFlags).includes(',,')) &&
        'differ'
      )
    },
    ({settings}) => {
      settings.databaseFlags.find(({name}: {name: string}) => name === 'max_connections').value = '100'
    },
  ),
  each(
    'Disks grow by themselves, up to a limit beyond their first size',
    INSTANCE,
    ({settings: s}) => !(s.diskAutoresize === true && s.diskAutoresizeLimit > s.diskSize) && 'does not grow',
    ({settings}) => {
      settings.diskAutoresizeLimit = 1
    },
  ),
  {
    says: 'One primary is born with backups and point-in-time recovery, and every other region has a direct replica without',
    violations: ({topology, resources}) => {
      const all = of(resources, ...INSTANCE)
      if (all.length === 0) return []
      const primaries = all.filter(({inputs}) => inputs.instanceType === 'CLOUD_SQL_INSTANCE')
      const [primary] = primaries
      const backup = primary?.inputs.settings.backupConfiguration
      const replicas = all.filter((resource) => resource !== primary)
      return [
        ...(primaries.length === 1 ? [] : [`${primaries.length} primaries`]),
        ...(backup?.enabled && backup.pointInTimeRecoveryEnabled ? [] : ['no point-in-time recovery']),
        ...(all.length === topology.regions.length ? [] : ['not in every region']),
        ...replicas
          .filter(
            ({inputs}) => inputs.masterInstanceName !== primary?.inputs.name || inputs.settings.backupConfiguration,
          )
          .map(shown),
      ]
    },
    plant: (copy) => {
      const [replica] = of(copy, ...INSTANCE).filter(({inputs}) => inputs.masterInstanceName)
      if (!replica) return false
      replica.inputs.instanceType = 'CLOUD_SQL_INSTANCE'
      return true
    },
  },
  each(
    'Logs for recovery are kept no longer than the edition allows, and no longer than backups',
    INSTANCE,
    ({settings: {edition, backupConfiguration: b}}) =>
      b &&
      (b.transactionLogRetentionDays > (edition === 'ENTERPRISE_PLUS' ? 35 : 7) ||
        b.transactionLogRetentionDays > b.backupRetentionSettings.retainedBackups) &&
      `${b.transactionLogRetentionDays} days`,
    ({settings}) => {
      settings.backupConfiguration.transactionLogRetentionDays = 36
    },
    ({inputs}) => inputs.settings.backupConfiguration !== undefined,
  ),
  {
    says: 'Outside dev the primary is born with a standby in a second zone; in critical every instance has one',
    violations: ({topology, resources}) =>
      of(resources, ...INSTANCE)
        .filter(({inputs}) => {
          const wanted =
            topology.preset === 'critical' || (topology.preset === 'standard' && !inputs.masterInstanceName)
          return wanted && inputs.settings.availabilityType !== 'REGIONAL'
        })
        .map(shown),
    plant: (copy) => {
      const [victim] = of(copy, ...INSTANCE).filter(({inputs}) => inputs.settings.availabilityType === 'REGIONAL')
      if (!victim) return false
      victim.inputs.settings.availabilityType = 'ZONAL'
      return true
    },
  },
  {
    says: 'A deploy after a failover finds every instance as the failover left it: nothing Pulumi acts on follows the role',
    violations: ({resources}) => {
      const acted = of(resources, ...INSTANCE).map(({inputs, ignoreChanges}) => {
        const settings = Object.entries(inputs.settings).filter(([key]) => !ignoreChanges.includes(`settings.${key}`))
        return settings
          .map(([key]) => key)
          .sort()
          .join()
      })
      return new Set(acted).size > 1 ? acted : []
    },
    plant: (copy) => {
      const [, second] = of(copy, ...INSTANCE)
      if (!second) return false
      second.inputs.settings.activationPolicyFor = 'replicas'
      return true
    },
  },
  each(
    'The record that leads to a database is followed within seconds',
    ['RecordSet'],
    ({type, ttl}) => !(type === 'TXT' && ttl <= 5) && `${type} ttl ${ttl}`,
    (inputs) => {
      inputs.ttl = 300
    },
  ),
]
