/** Every number of the emulated Pub/Sub. Google's carry their page; the emulator's own say why they are there. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

export const LIMITS = {
  /** https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
  idPattern: /^(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/,
  /** https://cloud.google.com/pubsub/quotas#resource_limits (the next eight) */
  publishMessages: 1_000,
  publishBytes: 10_000_000,
  messageBytes: 10_000_000,
  attributes: 100,
  attributeKeyBytes: 256,
  attributeValueBytes: 1_024,
  orderingKeyBytes: 1_024,
  filterBytes: 256,
  /** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#Subscription (the next eight) */
  ackDeadlineSeconds: {min: 10, max: 600, default: 10},
  /** A single extension may also be shorter than the least deadline: ModifyAckDeadline takes 0 to 600. */
  modifyDeadlineSeconds: {min: 0, max: 600},
  retentionMs: {min: 10 * MINUTE, max: 31 * DAY, default: 7 * DAY},
  expirationTtlMs: {min: DAY, default: 31 * DAY},
  backoffMs: {min: 0, max: 600 * SECOND, defaultMin: 10 * SECOND, defaultMax: 600 * SECOND},
  deliveryAttempts: {min: 5, max: 100, default: 5},
  /** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.snapshots/create */
  snapshotMs: {longest: 7 * DAY, shortest: 60 * MINUTE},
  /** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.schemas: a definition's size */
  schemaBytes: 300_000,
  /** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/list */
  pageSize: {default: 100, max: 1_000},

  /** Google waits "a bounded amount of time" for a first message without saying how long; short enough for someone at a terminal. */
  pullWaitMs: 5 * SECOND,
  /** One StreamingPullResponse: keeps a response well under gRPC's 4 MiB default of every client. */
  responseMessages: 1_000,
  responseBytes: 1_000_000,
  /** Bodies kept in memory until acknowledged; those beyond it are read from disk when they are delivered. */
  cachedBytes: 16 * 1024 * 1024,
  /** Acknowledged messages kept for replay are trimmed, oldest first, when the file outgrows this. The backlog is never trimmed. */
  diskBytes: 512 * 1024 * 1024,
  /** At most one round of trimming and vacuuming in this time, and none when nothing changed. */
  tidyMs: MINUTE,
} as const
