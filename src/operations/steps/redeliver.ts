/**
 * A worker that acknowledged a message had committed what it did, on the primary that is lost: of the last seconds only Pub/Sub
 * knows that there was something to do. It delivers once more; what was done already is known by its key and not done again.
 */
import type {Deed} from '../means.ts'
import type {StepInputs} from '../plan.ts'

const SETTLE_MS = 30_000

const markOf = (subscription: string, run: string) => `${subscription}-${run}`

export const redeliver: Deed<StepInputs['redeliver']> = {
  settleMs: SETTLE_MS,
  async observe({subscriptions}, {cloud, journal}) {
    const since = await Promise.all(subscriptions.map((name) => cloud.redelivered(markOf(name, journal.run))))
    const facts = Object.fromEntries(subscriptions.map((name, index) => [name, since[index] ?? null]))
    return {done: since.every((it) => it !== undefined), facts: {redeliveredSince: facts}}
  },
  async act({subscriptions, since, now}, {cloud, journal}) {
    await Promise.all(
      subscriptions.map((subscription) =>
        cloud.redeliver({subscription, since, now, mark: markOf(subscription, journal.run)}),
      ),
    )
    return undefined
  },
}
