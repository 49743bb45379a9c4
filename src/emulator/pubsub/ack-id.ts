import {invalid} from './failures.ts'

/** Names one lease: subscription, message and the lease's serial number. Google's are opaque, and so are these to clients. */
export interface AckId {
  readonly subscription: number
  readonly message: number
  readonly lease: number
}

export const ackIdText = ({subscription, message, lease}: AckId): string =>
  [subscription, message, lease].map((number) => number.toString(36)).join('.')

/** Throws INVALID_ARGUMENT for what never was an ack id. */
export function parseAckId(text: string): AckId {
  const [subscription, message, lease, ...rest] = text.split('.').map((part) => Number.parseInt(part, 36))
  if (subscription && message && lease && rest.length === 0) return {subscription, message, lease}
  throw invalid(`You have passed an invalid ack ID to the service (ack_id=${text.slice(0, 100)}).`)
}
