/** Webhooks of the channels: stored before they are answered, worked on afterwards, each event once. */
import {aText} from './input.js'
import {enqueueFrom} from './outbox.js'

const RECEIVE = `
  WITH stored AS (
    INSERT INTO webhooks (channel, event_id, payload, region) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING channel, event_id
  ), message AS (${enqueueFrom('stored', {
    queue: "'webhooks'",
    key: "'webhook:' || channel || ':' || event_id",
    payload: "jsonb_build_object('channel', channel, 'eventId', event_id)",
  })})
  SELECT FROM stored`

/** @returns {Promise<{key: string, isNew: boolean}>} the key under which the effect can be looked up */
export async function receiveWebhook(database, channel, input, {region}) {
  const eventId = aText(input.id, 'id')
  aText(channel, 'channel')
  const rows = await database.writeOnce(RECEIVE, [channel, eventId, input, region])
  return {key: `webhook:${channel}:${eventId}`, isNew: rows.length === 1}
}

/** What the webhooks worker does, once per event; nothing for an event that a lost primary took with it. */
export async function processWebhook(tx, {channel, eventId}) {
  await tx.query(
    `WITH processed AS (
       UPDATE webhooks SET processed_at = now() WHERE channel = $1 AND event_id = $2 RETURNING channel
     )
     INSERT INTO channels (channel, events) SELECT channel, 1 FROM processed
     ON CONFLICT (channel) DO UPDATE SET events = channels.events + 1`,
    [channel, eventId],
  )
}
