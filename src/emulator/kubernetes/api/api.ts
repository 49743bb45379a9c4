/** What the verbs of the API server are given, and what they answer. */
import type {Log} from '../../contract.ts'
import type {Json, KubeObject} from './objects.ts'
import type {ListMeta} from './render.ts'
import type {ObjectStore} from './store.ts'

export interface Api {
  readonly store: ObjectStore
  readonly now: () => Date
  readonly log: Log
  readonly podLogs?: PodLogs | undefined
  readonly proxy?: ProxyResolver | undefined
}

/** A container's log. What it yields is sent as it comes; with `follow` until the container has ended or `signal` is aborted. */
export type PodLogs = (pod: KubeObject, container: string, options: LogOptions) => AsyncIterable<string | Uint8Array>

export interface LogOptions {
  readonly follow: boolean
  /** Of the container's last but one run. */
  readonly previous: boolean
  /** An RFC 3339 time before each line. */
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  readonly since: Date | undefined
  readonly limitBytes: number | undefined
  readonly signal: AbortSignal
}

/** Where the traffic to a pod or service really goes: `http://127.0.0.1:PORT`, or undefined when nothing is ready there. `port`: number or name. */
export type ProxyResolver = (target: {
  readonly kind: 'pod' | 'service'
  readonly namespace: string
  readonly name: string
  readonly port: string | undefined
}) => string | undefined

export type Answer =
  | {readonly code?: number; readonly object: KubeObject; readonly warnings?: readonly string[]}
  | {readonly list: readonly KubeObject[]; readonly metadata: ListMeta}
  /** Sent as it is, whatever shape was asked for. */
  | {readonly code?: number; readonly raw: Json; readonly warnings?: readonly string[]}
