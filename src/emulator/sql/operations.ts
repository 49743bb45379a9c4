/** Long-running operations: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/operations */
import {randomUUID} from 'node:crypto'
import {GoogleError} from '../compute/google.ts'
import type {Log, Props, Records} from '../contract.ts'
import {OPERATIONS_KEPT} from './limits.ts'

export interface Operation extends Props {
  readonly kind: 'sql#operation'
  readonly name: string
  readonly operationType: string
  readonly status: 'PENDING' | 'RUNNING' | 'DONE'
  readonly targetId: string
  readonly targetProject: string
  readonly insertTime: string
  readonly startTime?: string
  readonly endTime?: string
  readonly error?: {readonly kind: string; readonly errors: readonly Props[]}
}

/** What an operation does; kept with it, so that one the emulator's end cut short goes on when it is back. Must be idempotent. */
export interface Deed {
  readonly type: string
  readonly project: string
  /** The instance it is listed under. */
  readonly target: string
  /** Everything else it touches; nothing else may happen to any of them meanwhile. */
  readonly also?: readonly string[]
  readonly args: Props
}

interface Kept {
  readonly operation: Operation
  readonly deed: Deed
}

const TOKEN = 'sql#operation'

export type Perform = (deed: Deed) => Promise<void>

export class Operations {
  readonly #records: Records
  readonly #log: Log
  readonly #perform: Perform
  readonly #kept: Map<string, Kept>
  readonly #running = new Map<string, Promise<void>>()
  readonly #busy = new Map<string, string>()
  #stopped = false

  constructor(records: Records, log: Log, perform: Perform) {
    this.#records = records
    this.#log = log
    this.#perform = perform
    const all = records.list(TOKEN).map(({outputs}) => outputs as unknown as Kept)
    const sorted = all.sort((a, b) => a.operation.insertTime.localeCompare(b.operation.insertTime))
    this.#kept = new Map(sorted.map((kept) => [kept.operation.name, kept]))
  }

  /** Goes on with what was under way when the emulator ended. */
  resume(): void {
    for (const {operation, deed} of this.#kept.values()) if (operation.status !== 'DONE') this.#run(operation, deed)
  }

  /** Begins at once and returns the operation as it is then. Throws 409 while something else happens to the same instances. */
  begin(deed: Deed): Operation {
    const occupied = touched(deed).find((name) => this.#busy.has(name))
    if (occupied) {
      throw new GoogleError(
        409,
        'operationInProgress',
        'Operation failed because another operation was already in progress. Try your request after the current operation is complete.',
      )
    }
    const operation: Operation = {
      kind: 'sql#operation',
      name: randomUUID(),
      operationType: deed.type,
      status: 'PENDING',
      user: 'emulator',
      insertTime: new Date().toISOString(),
      targetId: deed.target,
      targetProject: deed.project,
      targetLink: link(deed, `instances/${deed.target}`),
    }
    this.#put(operation, deed)
    this.#run(operation, deed)
    return this.get(deed.project, operation.name)
  }

  /** As the provider does it: waits its turn instead of being refused, and for the end. Throws what went wrong. */
  async finish(deed: Deed): Promise<void> {
    for (;;) {
      const before = touched(deed).flatMap((name) => this.#running.get(this.#busy.get(name) ?? '') ?? [])
      if (before.length === 0) break
      await Promise.all(before)
    }
    const {name} = this.begin(deed)
    await this.#running.get(name)
    const {error} = this.get(deed.project, name)
    if (error)
      throw new Error(
        `Error, failed to ${deed.type.toLowerCase().replaceAll('_', ' ')} ${deed.target}: ${error.errors[0]?.message}`,
      )
  }

  get(project: string, name: string): Operation {
    const kept = this.#kept.get(name)
    if (kept?.deed.project !== project) {
      throw new GoogleError(404, 'operationDoesNotExist', 'The Cloud SQL operation does not exist.')
    }
    return {...kept.operation, selfLink: link(kept.deed, `operations/${name}`)}
  }

  /** Newest first. */
  list(project: string, target?: string): Operation[] {
    return [...this.#kept.values()]
      .filter(({deed}) => deed.project === project && (target === undefined || deed.target === target))
      .map(({operation}) => this.get(project, operation.name))
      .reverse()
  }

  /** Records what happened by itself. */
  note(deed: Omit<Deed, 'args'>, at: string): void {
    const times = {insertTime: at, startTime: at, endTime: at}
    const targetLink = link({...deed, args: {}}, `instances/${deed.target}`)
    this.#put(
      {
        kind: 'sql#operation',
        name: randomUUID(),
        operationType: deed.type,
        status: 'DONE',
        user: 'system',
        ...times,
        targetId: deed.target,
        targetProject: deed.project,
        targetLink,
      },
      {...deed, args: {}},
    )
  }

  /** What still runs goes on unrecorded, and begins anew with the next `resume`. */
  stop(): void {
    this.#stopped = true
  }

  isBusy(name: string): boolean {
    return this.#busy.has(name)
  }

  #run(operation: Operation, deed: Deed): void {
    for (const name of touched(deed)) this.#busy.set(name, operation.name)
    const started: Operation = {...operation, status: 'RUNNING', startTime: new Date().toISOString()}
    this.#put(started, deed)
    const running = this.#perform(deed)
      .then(
        () => ({}),
        (error: Error) => {
          this.#log('error', `SQL ${deed.type} of ${deed.target} failed`, {error: error.message})
          const code = error instanceof GoogleError ? error.reason : 'INTERNAL_ERROR'
          return {
            error: {kind: 'sql#operationErrors', errors: [{kind: 'sql#operationError', code, message: error.message}]},
          }
        },
      )
      .then((outcome) => {
        if (this.#stopped) return
        for (const name of touched(deed)) this.#busy.delete(name)
        this.#running.delete(operation.name)
        this.#put({...started, status: 'DONE', endTime: new Date().toISOString(), ...outcome}, {...deed, args: {}})
      })
    this.#running.set(operation.name, running)
  }

  #put(operation: Operation, deed: Deed): void {
    this.#kept.set(operation.name, {operation, deed})
    this.#records.put(TOKEN, operation.name, {operation, deed} as unknown as Props)
    for (const [name, {operation: old}] of this.#kept) {
      if (this.#kept.size <= OPERATIONS_KEPT) break
      if (old.status !== 'DONE') continue
      this.#kept.delete(name)
      this.#records.delete(TOKEN, name)
    }
  }
}

const touched = ({target, also = []}: Deed) => [target, ...also]

function link({project}: Deed, path: string): string {
  return `https://sqladmin.googleapis.com/sql/v1beta4/projects/${project}/${path}`
}
