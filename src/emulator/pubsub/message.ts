import type {Attributes} from './filter.ts'

export interface Content {
  readonly attributes: Attributes
  readonly data: Uint8Array
}

/** A published message that at least one subscription has not acknowledged; there is one of it, whatever the number of subscriptions. */
export interface Message {
  /** Ever increasing; microseconds since the epoch when there is no crowd. */
  readonly id: number
  /** The topic's serial number, not its name: a topic made again under the same name is another one. */
  readonly topic: number
  /** Milliseconds since the epoch. */
  readonly published: number
  /** Ordering key; empty for none. */
  readonly key: string
  readonly size: number
  /** Subscriptions that still owe an acknowledgement. */
  refs: number
  /** undefined: read it from the store when it is delivered. */
  content: Content | undefined
}
