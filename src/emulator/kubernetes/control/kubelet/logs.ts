/** What containers print: kept per run, read by `kubectl logs`. */
import {existsSync, mkdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {type LogEntry, readProcessLog, type Stream} from '../../../process-log.ts'
import type {LogOptions} from '../../api/api.ts'
import type {Json, KubeObject, ObjectStore} from '../../api/store.ts'

/** Lines as they are printed, for those who follow. */
export interface LogFeed {
  writer(uid: string, container: string): (line: string, stream: Stream) => void
  subscribe(uid: string, container: string, listener: (entry: LogEntry) => void): () => void
}

export function createLogFeed(now: () => Date): LogFeed {
  const listeners = new Map<string, Set<(entry: LogEntry) => void>>()
  return {
    writer(uid, container) {
      const key = `${uid}/${container}`
      return (text, stream) => {
        const heard = listeners.get(key)
        if (!heard) return
        const entry = {text, stream, time: now().toISOString().replace('Z', '000000Z')}
        for (const listener of heard) listener(entry)
      }
    },
    subscribe(uid, container, listener) {
      const key = `${uid}/${container}`
      const heard = listeners.get(key) ?? new Set()
      listeners.set(key, heard.add(listener))
      return () => {
        heard.delete(listener)
        if (heard.size === 0) listeners.delete(key)
      }
    },
  }
}

export const logFileOf = (podDir: string, container: string, attempt: number): string =>
  join(podDir, 'log', container, `${attempt}.log`)

/** Makes room for run number `attempt`: only it and the one before are kept. */
export function forgetOldLogs(podDir: string, container: string, attempt: number): void {
  const folder = join(podDir, 'log', container)
  mkdirSync(folder, {recursive: true})
  const old = logFileOf(podDir, container, attempt - 2)
  for (const file of [old, `${old}.1`]) if (existsSync(file)) rmSync(file)
}

export interface LogRequest {
  readonly store: ObjectStore
  readonly feed: LogFeed
  /** Holds a folder per pod. */
  readonly dir: string
  readonly pod: KubeObject
  readonly container: string
  readonly options: LogOptions
}

/** What the container printed in its current (or last, or previous) run; with `follow` what it prints until it ends. */
export async function* readLog({store, feed, dir, pod, container, options}: LogRequest): AsyncGenerator<string> {
  const {uid, namespace, name} = pod.metadata
  const status = () => statusOf(store.get('pods', namespace, name), container)
  const attempt = (status()?.restartCount ?? 0) - (options.previous ? 1 : 0)
  const began = status()?.state.running?.startedAt
  const follows = options.follow && !options.previous && began !== undefined
  const pending: string[] = []
  let wake = () => {}
  // Before the file is read, in the same turn: no line is lost or comes twice.
  const unsubscribe = feed.subscribe(uid!, container, (entry) => {
    if (follows) pending.push(lineOf(entry, options))
    wake()
  })
  const unwatch = store.watch('pods', ({object}) => object.metadata.uid === uid && wake())
  options.signal.addEventListener('abort', () => wake(), {once: true})
  try {
    pending.unshift(...selectLines(readProcessLog(logFileOf(join(dir, uid!), container, attempt)), options))
    let left = options.limitBytes ?? Number.POSITIVE_INFINITY
    for (;;) {
      for (let line = pending.shift(); line !== undefined && left > 0; line = pending.shift()) {
        const bytes = Buffer.from(line)
        yield bytes.subarray(0, Math.min(left, bytes.length)).toString()
        left -= bytes.length
      }
      if (!follows || left <= 0 || options.signal.aborted || status()?.state.running?.startedAt !== began) return
      await new Promise<void>((done) => {
        wake = done
      })
    }
  } finally {
    unsubscribe()
    unwatch()
  }
}

/** The lines asked for, each ending in a newline. Pure. */
export function selectLines(
  entries: readonly LogEntry[],
  options: Pick<LogOptions, 'since' | 'tailLines' | 'timestamps'>,
): string[] {
  const {since, tailLines} = options
  const recent = entries.filter(({time}) => since === undefined || Date.parse(time) >= since.getTime())
  const wanted = tailLines === undefined ? recent : tailLines > 0 ? recent.slice(-tailLines) : []
  return wanted.map((entry) => lineOf(entry, options))
}

const lineOf = ({time, text}: LogEntry, {timestamps}: {timestamps: boolean}): string =>
  `${timestamps ? `${time} ` : ''}${text}\n`

const statusOf = (pod: KubeObject | undefined, container: string): Json =>
  [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])].find(
    ({name}) => name === container,
  )
