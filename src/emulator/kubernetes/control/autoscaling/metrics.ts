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

interface Sample {
  readonly at: number
  readonly seconds: number
}

export function createMetrics(
  usage: Kubelet['usage'],
  googleapis: string,
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
      const {subscriptions} = await fetchJson<{subscriptions: {name: string; backlog: number}[]}>(
        `${googleapis}/emulator/v1/pubsub`,
        {
          deadlineMs: DEADLINE_MS,
        },
      )
      const found = subscriptions.find(({name}) => name.split('/').at(-1) === subscription)
      if (!found) throw new Error(`no figures for subscription ${subscription}`)
      return found.backlog
    },
  }
}
