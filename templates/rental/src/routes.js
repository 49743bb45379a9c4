/** What the API answers. */
import {randomUUID} from 'node:crypto'
import {book, findBooking, listBookings} from './bookings.js'
import {findEffect, sumEffects} from './effects.js'
import {aText, aUuid} from './input.js'
import {findPrice, requestPrice} from './prices.js'
import {receiveWebhook} from './webhooks.js'

/** @param {{database: object, region: string, poke: () => void}} means poke: there is something in the outbox */
export function createRoutes({database, region, poke}) {
  /** Repeats made inside one request are safe with any key; repeats made by the client need the client's. */
  const keyOf = (headers) =>
    headers['idempotency-key'] ? aText(headers['idempotency-key'], 'Idempotency-Key') : randomUUID()
  const strength = (query) => ({strong: query.get('consistency') === 'strong'})
  const from = (source) => ({headers: {'x-served-from': source}})

  return {
    'POST /bookings': async ({body, headers}) => {
      const {booking, isNew} = await book(database, body, {key: keyOf(headers), region})
      poke()
      return {status: isNew ? 201 : 200, body: booking, headers: {location: `/bookings/${booking.id}`}}
    },
    'GET /bookings/:id': async ({params: [id], query}) => {
      const {booking, source} = await findBooking(database, aUuid(id, 'id'), strength(query))
      return {body: booking, ...from(source)}
    },
    'GET /bookings': async ({query}) => {
      const {bookings, source} = await listBookings(database, aText(query.get('listing'), 'listing'), strength(query))
      return {body: {bookings}, ...from(source)}
    },
    'POST /webhooks/:channel': async ({params: [channel], body}) => {
      const {key, isNew} = await receiveWebhook(database, channel, body, {region})
      poke()
      return {body: {key, isNew}}
    },
    'POST /prices': async ({body, headers}) => {
      const {key} = await requestPrice(database, body, {key: keyOf(headers)})
      poke()
      return {status: 202, body: {key}}
    },
    'GET /prices/:listing': async ({params: [listing], query}) => {
      const {price, source} = await findPrice(database, listing, strength(query))
      return {body: price, ...from(source)}
    },
    'GET /effects': async ({query}) => {
      const {sums, source} = await sumEffects(database, strength(query))
      return {body: sums, ...from(source)}
    },
    'GET /effects/:key': async ({params: [key], query}) => {
      const {effect, source} = await findEffect(database, key, strength(query))
      return {body: effect, ...from(source)}
    },
  }
}
