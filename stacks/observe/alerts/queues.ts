import type {ObserveInput} from '../index.ts'
import type {Alert} from './alert.ts'

export function queueAlerts(
  {subscription, deadLetterSubscription}: ObserveInput['subscriptions'][number],
  {queueAgeSeconds}: ObserveInput['limits'],
): Alert[] {
  const metric = (name: string, id: string) => `pubsub_googleapis_com:subscription_${name}{subscription_id="${id}"}`
  return [
    {
      name: `${subscription}-age`,
      title: `jobs wait in ${subscription} for more than ${queueAgeSeconds / 60} minutes`,
      query: `max(${metric('oldest_unacked_message_age', subscription)}) > ${queueAgeSeconds}`,
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
