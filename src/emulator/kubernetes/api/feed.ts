/** Changes as they happen, and the last ones again for a watch that comes a little late. */
import type {WatchEvent} from './objects.ts'

/** Enough for a client to list and then watch; who comes later lists again (410 Gone). */
const REMEMBERED = 500

type Listener = (event: WatchEvent) => void

export interface Feed {
  publish(event: WatchEvent, version: number): void
  watch(resource: string | '*', listener: Listener): () => void
  since(version: number, resource: string): WatchEvent[] | undefined
}

export function createFeed(start: number, onError: (error: unknown) => void): Feed {
  const listeners = new Set<{resource: string; listener: Listener}>()
  const recent: {version: number; event: WatchEvent}[] = []
  const queue: WatchEvent[] = []
  let floor = start
  let delivering = false

  /** A listener may change the store: what it causes is delivered after what it was told, to everyone in the same order. */
  function deliver() {
    if (delivering) return
    delivering = true
    for (let event = queue.shift(); event; event = queue.shift()) {
      for (const entry of [...listeners]) {
        if (listeners.has(entry) && (entry.resource === '*' || entry.resource === event.resource)) tell(entry, event)
      }
    }
    delivering = false
  }

  function tell({listener}: {listener: Listener}, event: WatchEvent) {
    try {
      listener(event)
    } catch (error) {
      onError(error)
    }
  }

  return {
    publish(event, version) {
      recent.push({version, event})
      if (recent.length > REMEMBERED) floor = recent.shift()!.version
      queue.push(event)
      deliver()
    },
    watch(resource, listener) {
      const entry = {resource, listener}
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    since(version, resource) {
      if (!(version >= floor)) return undefined
      const later = recent.filter((entry) => entry.version > version && entry.event.resource === resource)
      return later.map(({event}) => event)
    },
  }
}
