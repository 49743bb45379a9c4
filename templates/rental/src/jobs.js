/** What workers do with a message: one transaction, once per key, acknowledged after it is committed. */
import {setTimeout as sleep} from 'node:timers/promises'
import {tellCalendars} from './bookings.js'
import {once} from './effects.js'
import {setPrice} from './prices.js'
import {processWebhook} from './webhooks.js'

/** Worker → its queue and its effect. */
export const JOBS = {
  'booking-sync': {queue: 'bookings', apply: tellCalendars, callsChannels: true},
  pricing: {queue: 'pricing', apply: setPrice},
  webhooks: {queue: 'webhooks', apply: processWebhook},
}

/** @returns {(message: {key: string, payload: object}) => Promise<void>} */
export function createWork({database, worker, region, channelLatency = 0}) {
  const {apply, callsChannels} = JOBS[worker]
  return async ({key, payload}) => {
    // The call to somebody else's API stays outside the transaction: it must not hold locks while it waits.
    if (callsChannels && channelLatency > 0) await sleep(channelLatency)
    await once(database, {key, worker, region}, (tx) => apply(tx, payload))
  }
}
