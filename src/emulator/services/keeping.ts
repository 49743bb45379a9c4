/** Registries, keys, backup plans, rollouts: kept and checked, without behaviour of their own. */
import type {Props} from '../contract.ts'
import {hex, idOf, now} from './names.ts'
import type {Plain} from './plain.ts'
import {between, computeName, matches, rules} from './rules.ts'

const keyRingId = ({keyRing}: Props) => idOf(String(keyRing), '')

export const keeping: readonly Plain[] = [
  {
    token: 'gcp:artifactregistry/repository:Repository',
    id: ({project, location, repositoryId}) => `projects/${project}/locations/${location}/repositories/${repositoryId}`,
    derive: ({project, location, repositoryId, mode}) => ({
      name: repositoryId,
      mode: mode ?? 'STANDARD_REPOSITORY',
      registryUri: `${location}-docker.pkg.dev/${project}/${repositoryId}`,
    }),
    born: () => ({createTime: now(), updateTime: now()}),
    check: rules(computeName('repositoryId')),
  },
  {
    token: 'gcp:kms/keyRing:KeyRing',
    updatable: false,
    indelible: true,
    id: ({project, location, name}) => `projects/${project}/locations/${location}/keyRings/${name}`,
    check: matches('name', /^[a-zA-Z0-9_-]{1,63}$/, '1–63 letters, digits, underscores and hyphens'),
  },
  {
    token: 'gcp:kms/cryptoKey:CryptoKey',
    indelible: true,
    id: (inputs) => `${keyRingId(inputs)}/cryptoKeys/${inputs.name}`,
    derive: ({purpose}, id) => ({
      purpose: purpose ?? 'ENCRYPT_DECRYPT',
      primaries: [{name: `${id}/cryptoKeyVersions/1`, state: 'ENABLED'}],
    }),
    needs: (inputs) => [['gcp:kms/keyRing:KeyRing', keyRingId(inputs)]],
    check: matches('rotationPeriod', /^\d+(\.\d+)?s$/, 'a duration in seconds such as 7776000s'),
  },
  {
    token: 'gcp:gkebackup/backupPlan:BackupPlan',
    id: ({project, location, name}) => `projects/${project}/locations/${location}/backupPlans/${name}`,
    derive: () => ({state: 'READY', stateReason: '', protectedPodCount: 0, protectedNamespaceCount: 0}),
    born: (_, id) => ({uid: hex(id, 32), etag: hex(`${id} etag`, 12)}),
    needs: ({cluster}) => [['gcp:container/cluster:Cluster', String(cluster)]],
    check: rules(
      computeName(),
      between('retentionPolicy.backupDeleteLockDays', 0, 90),
      between('retentionPolicy.backupRetainDays', 0, 365),
    ),
  },
  {
    token: 'gcp:gkehub/rolloutSequence:RolloutSequence',
    id: ({project, rolloutSequenceId}) => `projects/${project}/locations/global/rolloutSequences/${rolloutSequenceId}`,
    derive: (_, id) => ({name: id}),
    born: (_, id) => ({uid: hex(id, 32), etag: hex(`${id} etag`, 12), createTime: now(), updateTime: now()}),
    check: computeName('rolloutSequenceId'),
  },
  {
    token: 'gcp:networkservices/serviceLbPolicies:ServiceLbPolicies',
    immutable: ['name', 'location'],
    id: ({project, location, name}) => `projects/${project}/locations/${location}/serviceLbPolicies/${name}`,
    derive: () => ({}),
    born: () => ({createTime: now(), updateTime: now()}),
    check: rules(computeName(), between('failoverConfig.failoverHealthThreshold', 1, 99)),
  },
]
