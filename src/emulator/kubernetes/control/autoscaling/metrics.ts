/** Figures the autoscaler scales by: CPU of the pods' processes, backlog of subscriptions. */
import {fetchJson} from '../../../http.ts'
import type {Kubelet} from '../kubelet/kubelet.ts'

export interface Metrics {
  /** Cores each pod used on average between the last two looks, by uid; missing while it was seen only once. */
  cpu(): ReadonlyMap<string, number>
  /** Undelivered messages of a subscription (its short name). Rejects when the global process is away. */
  backlog(subscription: string): Promise<number>
}

/** Looks at the processes at most this often. https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/ (horizontal-pod-autoscaler-sync-period) */
const SAMPLE_MS = 14_000
const DEADLINE_MS = 5_000
/** As the adapter for custom metrics reads it on GKE: https://cloud.google.com/kubernetes-engine/docs/tutorials/autoscaling-metrics */
const BACKLOG = 'pubsub.googleapis.com/subscription/num_undelivered_messages'

interface Answer {
  readonly timeSeries?: readonly {readonly points: readonly {readonly value: {readonly int64Value: string}}[]}[]
}

interface Sample {
  readonly at: number
  readonly seconds: number
}

export function createMetrics(
  usage: Kubelet['usage'],
  cloud: {readonly googleapis: string; readonly project: string},
  monotonic: () => number = () => performance.now(),
): Metrics {
  let sampledAt = Number.NEGATIVE_INFINITY
  let last = new Map<string, Sample>()
  let rates = new Map<string, number>()
  return {
    cpu() {
      const at = monotonic()
      if (at - sampledAt < SAMPLE_MS) return rates
      const next = new Map([...usage()].map(([uid, {cpuSeconds}]) => [uid, {at, seconds: cpuSeconds}]))
      rates = new Map(
        [...next].flatMap(([uid, {seconds}]) => {
          const before = last.get(uid)
          // Less than before: its process was restarted in between.
          return before && seconds >= before.seconds
            ? [[uid, ((seconds - before.seconds) * 1000) / (at - before.at)] as const]
            : []
        }),
      )
      last = next
      sampledAt = at
      return rates
    },
    async backlog(subscription) {
      const now = new Date().toISOString()
      const query = new URLSearchParams({
        filter: `metric.type = "${BACKLOG}" AND resource.labels.subscription_id = "${subscription}"`,
        'interval.endTime': now,
      })
      const {timeSeries = []} = await fetchJson<Answer>(
        `${cloud.googleapis}/v3/projects/${cloud.project}/timeSeries?${query}`,
        {deadlineMs: DEADLINE_MS},
      )
      const value = timeSeries[0]?.points[0]?.value.int64Value
      if (value === undefined) throw new Error(`no figures for subscription ${subscription}`)
      return Number(value)
    },
  }
}
