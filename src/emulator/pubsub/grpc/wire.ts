/** Between the REST shape of resources (durations and times as text) and the messages of gRPC. */
import {durationMs, durationText, timestampMs, timestampText, type WireTime, wireMs, wireTime} from '../durations.ts'
import type {Received} from '../pull.ts'

const DURATIONS = new Set([
  'messageRetentionDuration',
  'topicMessageRetentionDuration',
  'ttl',
  'minimumBackoff',
  'maximumBackoff',
])
const TIMES = new Set(['expireTime', 'revisionCreateTime', 'time'])

/** Maps of the user's own keys: what is called `ttl` there is no duration. */
const OPAQUE = new Set(['labels', 'tags', 'attributes'])

const mapped = (value: unknown, leaf: (key: string, value: unknown) => unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => mapped(item, leaf))
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      OPAQUE.has(key) ? inner : (leaf(key, inner) ?? mapped(inner, leaf)),
    ]),
  )
}

/** A resource as it came over gRPC, in REST shape. */
export const fromWire = <T>(value: unknown): T =>
  mapped(value, (key, inner) => {
    if (DURATIONS.has(key)) return durationText(wireMs(inner as WireTime))
    return TIMES.has(key) ? timestampText(wireMs(inner as WireTime)) : undefined
  }) as T

/** A resource in REST shape, for gRPC. */
export const toWire = (value: unknown): unknown =>
  mapped(value, (key, inner) => {
    if (DURATIONS.has(key) && typeof inner === 'string') return wireTime(durationMs(inner, key))
    return TIMES.has(key) && typeof inner === 'string' ? wireTime(timestampMs(inner, key)) : undefined
  })

const camel = (path: string) => path.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** `{paths: ['retry_policy.minimum_backoff']}` → `['retryPolicy.minimumBackoff']` */
export const maskPaths = (mask: {paths?: readonly string[]} | undefined): string[] => (mask?.paths ?? []).map(camel)

export const receivedMessage = ({ackId, message, content, deliveryAttempt}: Received) => ({
  ackId,
  deliveryAttempt,
  message: {
    data: content.data,
    attributes: content.attributes,
    messageId: String(message.id),
    publishTime: wireTime(message.published),
    orderingKey: message.key,
  },
})
