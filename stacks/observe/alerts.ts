/** Alert rules as plain data: PromQL over Google's metrics. Metric names: https://cloud.google.com/monitoring/api/metrics_gcp */
import type {ObserveInput} from './index.ts'

export interface Alert {
  readonly name: string
  readonly title: string
  readonly query: string
  readonly durationSeconds: number
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING'
  /** What the person who is woken up does first. */
  readonly advice: string
}

export function alertsOf(
  input: Pick<ObserveInput, 'prefix' | 'objectives' | 'hasDatabase' | 'subscriptions'>,
): readonly Alert[] {
  return [
    errorRate(input),
    ...(input.hasDatabase ? [replicaLag(input)] : []),
    ...input.subscriptions.flatMap(queueAlerts),
  ]
}

/** Fast burn: a 28-day budget gone in two days. Source: https://sre.google/workbook/alerting-on-slos/ */
function errorRate({prefix, objectives}: Pick<ObserveInput, 'prefix' | 'objectives'>): Alert {
  const count = 'loadbalancing_googleapis_com:https_request_count'
  const ratio = (window: string) =>
    `sum(rate(${count}{url_map_name="${prefix}",response_code_class="500"}[${window}])) / sum(rate(${count}{url_map_name="${prefix}"}[${window}]))`
  const limit = (14.4 * (1 - objectives.availability)).toPrecision(4)
  return {
    name: 'error-budget',
    title: 'the error budget burns 14 times too fast',
    query: `(${ratio('1h')}) > ${limit} and (${ratio('5m')}) > ${limit}`,
    durationSeconds: 60,
    severity: 'CRITICAL',
    advice: 'Run `ha status` to see which region fails; `ha failover --region R` takes it out.',
  }
}

function replicaLag({prefix, objectives}: Pick<ObserveInput, 'prefix' | 'objectives'>): Alert {
  return {
    name: 'replica-lag',
    title: `a replica lags more than the rpo of ${objectives.rpoSeconds} s`,
    query: `max by (database_id) (cloudsql_googleapis_com:database_replication_replica_lag{database_id=~".*:${prefix}-.*"}) > ${objectives.rpoSeconds}`,
    durationSeconds: 120,
    severity: 'ERROR',
    advice:
      'A failover now would lose more than the objective allows. Look for long transactions on the primary and load on the replica.',
  }
}

function queueAlerts({subscription, deadLetterSubscription}: ObserveInput['subscriptions'][number]): Alert[] {
  const metric = (name: string, id: string) => `pubsub_googleapis_com:subscription_${name}{subscription_id="${id}"}`
  return [
    {
      name: `${subscription}-age`,
      title: `jobs wait in ${subscription} for more than 5 minutes`,
      query: `max(${metric('oldest_unacked_message_age', subscription)}) > 300`,
      durationSeconds: 60,
      severity: 'ERROR',
      advice: 'The workers are down, stuck or too few: `ha status`, then `ha logs` of the worker.',
    },
    {
      name: `${deadLetterSubscription}-any`,
      title: `${deadLetterSubscription} holds messages`,
      query: `max(${metric('num_undelivered_messages', deadLetterSubscription)}) > 0`,
      durationSeconds: 60,
      severity: 'WARNING',
      advice: 'Messages failed every delivery. Read them, mend the cause, publish them again.',
    },
  ]
}
