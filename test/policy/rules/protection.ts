import {each, of, type Rule, shown} from '../rule.ts'

/** What cannot be made again, or what others point at. */
const STATEFUL = [
  'DatabaseInstance',
  'Topic',
  'Subscription',
  'Secret',
  'Cluster',
  'Repository',
  'Network',
  'ManagedZone',
]

/** Types whose description cannot be changed in place. Source: the provider's schema (ForceNew), notes/gcp.md §3.2 */
const DESCRIPTION_REPLACES = [
  'Cluster',
  'Subnetwork',
  'Network',
  'GlobalAddress',
  'GlobalForwardingRule',
  'SSLPolicy',
  'RouterNat',
]

const ROLE_FIELDS = [
  'instanceType',
  'masterInstanceName',
  'replicaNames',
  'replicationCluster',
  'settings.backupConfiguration',
  'settings.diskSize',
  'settings.maintenanceWindow',
  'settings.version',
]

export const protection: readonly Rule[] = [
  {
    says: 'What holds data refuses to be deleted twice, except in dev: by Pulumi, and by the provider or Google',
    violations: ({topology, resources}) =>
      of(resources, ...STATEFUL).flatMap((resource) => {
        if (!topology.terms.protects) return []
        const {protect, inputs} = resource
        const second = inputs.deletionProtection === true || inputs.deletionPolicy === 'PREVENT'
        return protect && second ? [] : [`${shown(resource)}: protect ${protect}, second ${second}`]
      }),
    plant: (copy) => {
      const [victim] = of(copy, ...STATEFUL).filter(({protect}) => protect)
      if (!victim) return false
      victim.protect = false
      return true
    },
  },
  each(
    'Cloud SQL itself refuses too',
    ['DatabaseInstance'],
    ({settings}, {protect}) => settings.deletionProtectionEnabled !== protect && 'deletionProtectionEnabled',
    ({settings}) => {
      settings.deletionProtectionEnabled = !settings.deletionProtectionEnabled
    },
  ),
  each(
    'The addresses that customers’ DNS points at are kept',
    ['GlobalAddress'],
    ({deletionPolicy}, {protect}, {topology}) =>
      topology.terms.protects && !(protect && deletionPolicy === 'PREVENT') && 'may be deleted',
    (inputs) => {
      inputs.deletionPolicy = 'DELETE'
    },
  ),
  each(
    'Nothing whose description cannot be changed in place has one',
    DESCRIPTION_REPLACES,
    ({description}) => description !== undefined && description,
    (inputs) => {
      inputs.description = 'a fine network'
    },
  ),
  each(
    'Pulumi never acts on what an operation changes: role, backups, disk size and settings version of a database',
    ['DatabaseInstance'],
    (_, {ignoreChanges}) => ROLE_FIELDS.filter((field) => !ignoreChanges.includes(field)).join(', '),
    (_, resource) => {
      resource.ignoreChanges = resource.ignoreChanges.filter((field) => field !== 'masterInstanceName')
    },
  ),
  each(
    'What the cluster changes by itself is left to it: versions and node counts',
    ['NodePool'],
    ({ignoreNodeCountChanges}, {ignoreChanges}) =>
      !(
        ignoreNodeCountChanges && ['initialNodeCount', 'nodeCount', 'version'].every((f) => ignoreChanges.includes(f))
      ) && 'would be set back',
    (_, resource) => {
      resource.ignoreChanges = ['version']
    },
  ),
  each(
    'A secret’s replication, which can never be changed, depends on no list of regions',
    ['Secret'],
    ({replication}, {ignoreChanges}) =>
      (replication.userManaged !== undefined || !ignoreChanges.includes('replication')) && 'would be replaced',
    (inputs) => {
      inputs.replication = {userManaged: {replicas: [{location: 'us-east1'}]}}
    },
    ({type}) => type.startsWith('gcp:'),
  ),
  each(
    'The peering is abandoned rather than deleted, since Google refuses for hours',
    ['Connection'],
    ({deletionPolicy}) => deletionPolicy !== 'ABANDON' && String(deletionPolicy),
    (inputs) => {
      inputs.deletionPolicy = 'DELETE'
    },
  ),
]
