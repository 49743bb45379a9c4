/** What every controller is made of: it watches, and for each key that may be affected it makes the world as it should be. */
import type {Log} from '../../contract.ts'
import type {KubeObject, ObjectStore, WatchEvent} from '../api/store.ts'
import type {Recorder} from './recorder.ts'
import {createWorkQueue} from './work-queue.ts'

export interface ControlPlane {
  readonly store: ObjectStore
  readonly log: Log
  readonly record: Recorder
  readonly now: () => Date
}

export interface Running {
  stop(): Promise<void>
}

export interface Controller {
  readonly name: string
  /** The resource whose objects are the keys (`namespace/name`): looked at when they change, at the start and at every resync. */
  readonly of: string
  /** Other resources, with the keys that an event may concern. */
  readonly watches?: Readonly<Record<string, (event: WatchEvent) => readonly string[]>>
  /** Called with the namespace and name, also when the object is gone. `again` asks for another look after some milliseconds. */
  reconcile(namespace: string, name: string, again: (ms: number) => void): void | Promise<void>
  readonly resyncMs?: number
  /** Shorter for those that call others, which may come back at any time. */
  readonly longestRetryMs?: number
  /** Ends what the controller holds open. */
  close?(): void
}

const RESYNC_MS = 60_000

/** Starts the controller; stop it to end its timers. */
export function runController({store, log}: ControlPlane, controller: Controller): Running {
  const queue = createWorkQueue(
    (key) => {
      const slash = key.indexOf('/')
      return controller.reconcile(key.slice(0, slash), key.slice(slash + 1), (ms) => queue.addAfter(key, ms))
    },
    (key, error, times) => {
      if (times === 3) log('warn', `${controller.name}: ${key} fails`, {reason: messageOf(error)})
    },
    controller.longestRetryMs,
  )
  const all = () => {
    for (const object of store.list(controller.of)) queue.add(keyOf(object))
  }
  const unwatch = [
    store.watch(controller.of, ({object}) => queue.add(keyOf(object))),
    ...Object.entries(controller.watches ?? {}).map(([resource, keysOf]) =>
      store.watch(resource, (event) => {
        for (const key of keysOf(event)) queue.add(key)
      }),
    ),
  ]
  const resync = setInterval(all, controller.resyncMs ?? RESYNC_MS)
  all()
  return {
    async stop() {
      clearInterval(resync)
      for (const end of unwatch) end()
      await queue.stop()
      controller.close?.()
    },
  }
}

/** `namespace/name`; the namespace is empty for what has none. */
export const keyOf = ({metadata}: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

/** For `watches`: the key of the controller among the object's owners, when it is of this kind. */
export const ownerKeys =
  (kind: string) =>
  ({object}: WatchEvent): string[] =>
    (object.metadata.ownerReferences ?? [])
      .filter((owner) => owner.controller && owner.kind === kind)
      .map((owner) => `${object.metadata.namespace ?? ''}/${owner.name}`)

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
