/** Webhooks of the channels: stored before they are answered, worked on afterwards, each event once. */
import {aText} from './input.js'
import {enqueue} from './outbox.js'

/** @returns {Promise<{key: string, isNew: boolean}>} */
export async function receiveWebhook(database, channel, input, {region}) {
  const eventId = aText(input.id, 'id')
  aText(channel, 'channel')
  const key = `webhook:${channel}:${eventId}`
  return database.write(async (tx) => {
    const {rowCount} = await tx.query(
      'INSERT INTO webhooks (channel, event_id, payload, region) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [channel, eventId, input, region],
    )
    if (rowCount === 1) await enqueue(tx, {queue: 'webhooks', key, payload: {channel, eventId}})
    return {key, isNew: rowCount === 1}
  })
}

/** What the webhooks worker does, once per event. */
export async function processWebhook(tx, {channel, eventId}) {
  await tx.query('UPDATE webhooks SET processed_at = now() WHERE channel = $1 AND event_id = $2', [channel, eventId])
  await tx.query(
    'INSERT INTO channels (channel, events) VALUES ($1, 1) ON CONFLICT (channel) DO UPDATE SET events = channels.events + 1',
    [channel],
  )
}
