/** What Cloud SQL tells Cloud Monitoring of each replica: https://cloud.google.com/sql/docs/postgres/admin-api/metrics */
import type {Gauge, Sample} from '../contract.ts'
import type {Stage} from './deeds.ts'
import {within} from './regions.ts'
import {isReplica, type Stored} from './resource.ts'
import {observe} from './roles.ts'

/** An instance that is asked in vain has no figure; Monitoring itself does not wait for it. */
const SAMPLE_MS = 1_000
/** "A negative value indicates that replication is inactive." */
const INACTIVE = -1

export const gauges = (stage: Stage): readonly Gauge[] => [
  {
    type: 'cloudsql.googleapis.com/database/replication/replica_lag',
    resource: 'cloudsql_database',
    valueType: 'DOUBLE',
    async sample(project) {
      const replicas = stage.instances.list(project).filter(({resource}) => isReplica(resource))
      return (await Promise.all(replicas.map((replica) => lagOf(stage, replica)))).flat()
    },
  },
]

async function lagOf(stage: Stage, {resource}: Stored): Promise<Sample[]> {
  const {project, name, region} = resource
  const seen = await within(SAMPLE_MS, observe(stage, resource), region).catch(() => undefined)
  const value = seen?.position?.streaming === false ? INACTIVE : seen?.position?.lagSeconds
  if (value === undefined || value === null) return []
  return [{labels: {database_id: `${project}:${name}`, region}, value}]
}
