import type {ObserveInput} from '../index.ts'
import type {Alert} from './alert.ts'

const metric = (name: string) => `cloudsql_googleapis_com:database_${name}`

export function databaseAlerts(input: ObserveInput, database: NonNullable<ObserveInput['database']>): Alert[] {
  const {prefix, objectives, limits} = input
  const ours = `{database_id=~".*:${prefix}-.*"}`
  const watch = (alert: Omit<Alert, 'query'> & {value: string; than: string}): Alert => {
    const {value, than, ...rest} = alert
    return {...rest, query: `${value} ${than}`}
  }
  return [
    ...(database.replicas > 0 ? lag(prefix, objectives.rpoSeconds) : []),
    watch({
      name: 'database-down',
      title: 'a database instance is down',
      value: `min by (database_id) (${metric('up')}${ours})`,
      than: '< 1',
      durationSeconds: 60,
      severity: 'CRITICAL',
      advice: 'Run `ha status`. If it is the primary and its region is lost, `ha failover --region R` moves it.',
    }),
    ...(database.standbys === 0 ? [] : [standby(prefix, database.standbys)]),
    watch({
      name: 'database-disk',
      title: `a database disk is ${limits.diskShare * 100} % full`,
      value: `max by (database_id) (${metric('disk_utilization')}${ours})`,
      than: `> ${limits.diskShare}`,
      durationSeconds: 600,
      severity: 'ERROR',
      advice: 'It grows by itself up to its limit. Look for write-ahead log kept for a replica that does not follow.',
    }),
    watch({
      name: 'database-cpu',
      title: `a database CPU is ${limits.cpuShare * 100} % busy`,
      value: `max by (database_id) (${metric('cpu_utilization')}${ours})`,
      than: `> ${limits.cpuShare}`,
      durationSeconds: 900,
      severity: 'WARNING',
      advice: 'Query Insights shows what is expensive; `database.size` in ha.yaml is the next machine.',
    }),
    watch({
      name: 'database-connections',
      title: `more than ${limits.connectionShare * 100} % of a database’s connections are taken`,
      value: `sum by (database_id) (${metric('postgresql_num_backends')}${ours})`,
      than: `> ${Math.floor(database.maxConnections * limits.connectionShare)}`,
      durationSeconds: 300,
      severity: 'ERROR',
      advice: 'Lower the pool of each process, or replicas.max: pools × pods over all regions share these.',
    }),
    watch({
      name: 'database-archive',
      title: 'write-ahead log is not archived: the point-in-time window stands still',
      value: `sum by (database_id) (increase(${metric('replication_log_archive_failure_count')}${ours}[30m]))`,
      than: '> 0',
      durationSeconds: 1800,
      severity: 'ERROR',
      advice: 'Recovery to a point in time ends where archiving stopped. Check the instance’s backup settings.',
    }),
  ]
}

/** Too much lag, or none reported at all: a replica that is gone lags without saying so. */
function lag(prefix: string, rpoSeconds: number): Alert[] {
  const reported = `${metric('replication_replica_lag')}{database_id=~".*:${prefix}-.*"}`
  return [
    {
      name: 'replica-lag',
      title: `a replica lags more than the rpo of ${rpoSeconds} s`,
      query: `max by (database_id) (${reported}) > ${rpoSeconds}`,
      durationSeconds: 120,
      severity: 'ERROR',
      advice:
        'A failover now would lose more than the objective allows. Look for long transactions on the primary and load on the replica.',
    },
    {
      name: 'replica-silent',
      title: 'no replica reports its lag',
      query: `absent(${reported})`,
      durationSeconds: 600,
      severity: 'ERROR',
      advice: 'Replication stopped or the replica is down: `ha status` shows each instance.',
    },
  ]
}

/** As many instances as should be able to fail over to their other zone can. */
function standby(prefix: string, wanted: number): Alert {
  return {
    name: 'database-standby',
    title: 'a database could not fail over to its other zone',
    query: `sum(${metric('available_for_failover')}{database_id=~".*:${prefix}-.*"}) < ${wanted}`,
    durationSeconds: 600,
    severity: 'ERROR',
    advice: 'The loss of one zone would now be an outage. Look at the instances’ operations and their disks.',
  }
}
