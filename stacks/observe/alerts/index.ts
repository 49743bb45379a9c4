import type {ObserveInput} from '../index.ts'
import type {Alert} from './alert.ts'
import {databaseAlerts} from './database.ts'
import {edgeAlerts} from './edge.ts'
import {platformAlerts} from './platform.ts'
import {queueAlerts} from './queues.ts'

/** Everything somebody is told of, in the order of urgency. */
export function alertsOf(input: ObserveInput): readonly Alert[] {
  return [
    ...(input.front ? edgeAlerts(input, input.front) : []),
    ...(input.database ? databaseAlerts(input, input.database) : []),
    ...input.subscriptions.flatMap((subscription) => queueAlerts(subscription, input.limits)),
    ...platformAlerts(input),
  ]
}
