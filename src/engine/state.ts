/**
 * Pulumi's own state of the stacks, as files. The layout and the checkpoint's shape are the engine's "DIY" backend's
 * (github.com/pulumi/pulumi/pkg/v3/backend/diy, apitype.CheckpointV3), which is safe to rely on because the engine is pinned
 * to one version. Writing a new stack's empty checkpoint here saves a process per stack, reading outputs and serials two more.
 */
import {createHash} from 'node:crypto'
import {readdir, readFile, rm} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {HaError} from '../errors.ts'
import {startedAt} from '../process.ts'
import type {Access} from '../store/bucket.ts'
import {absent, replaceFile} from '../store/durable.ts'
import {openGcs} from '../store/open.ts'
import {bucketState} from './bucket-state.ts'

/** One resource in a checkpoint; fields that ha does not touch are kept as they are. */
export interface StateResource {
  readonly urn: string
  readonly type: string
  readonly custom?: boolean
  readonly id?: string
  readonly inputs?: Readonly<Record<string, unknown>>
  readonly outputs?: Readonly<Record<string, unknown>>
  readonly delete?: boolean
  /** Pulumi refuses to delete it. */
  readonly protect?: boolean
}

/** What the engine was doing to a resource when it was killed. */
export interface PendingOperation {
  readonly type: 'creating' | 'updating' | 'deleting' | 'reading' | 'importing'
  readonly resource: StateResource
}

export interface Checkpoint {
  readonly version: 3
  readonly checkpoint: {
    readonly stack: string
    readonly latest?: {
      readonly resources?: readonly StateResource[]
      readonly pending_operations?: readonly PendingOperation[]
    } | null
  }
}

export interface StackState {
  /** undefined: this stack was never made. Throws STORE_CORRUPT. */
  read(stack: string): Promise<Checkpoint | undefined>
  /** Durable when it resolves. No engine may run on this stack. */
  write(stack: string, checkpoint: Checkpoint): Promise<void>
  /** Makes an empty stack unless there is one. */
  seed(stack: string): Promise<void>
  /** Removes the stack with its history. */
  remove(stack: string): Promise<void>
  /** Removes locks that dead engines of this machine left on the stack; returns how many. */
  dropDeadLocks(stack: string): Promise<number>
  /** Keeps the last updates of the stack's history, so that the disk stays bounded. */
  prune(stack: string): Promise<void>
}

const KEPT_UPDATES = 10

/** @param access for a `gs://` URL: how Cloud Storage is reached. */
export function openState(url: string, project: string, access?: Access): StackState {
  if (url.startsWith('gs://')) {
    const {bucket, folder} = openGcs(url, access)
    return bucketState(bucket, folder, project)
  }
  const root = join(fileURLToPath(url), '.pulumi')
  const fileOf = (stack: string) => join(root, 'stacks', project, `${stack}.json`)
  const write = (stack: string, checkpoint: Checkpoint) => replaceFile(fileOf(stack), JSON.stringify(checkpoint))
  const read = async (stack: string): Promise<Checkpoint | undefined> => {
    const text = await readFile(fileOf(stack), 'utf8').catch(absent)
    return text === undefined ? undefined : parseCheckpoint(text, fileOf(stack))
  }
  return {
    read,
    write,
    async seed(stack) {
      if (await read(stack)) return
      await replaceFile(join(root, 'meta.yaml'), 'version: 1\n')
      await write(stack, {version: 3, checkpoint: {stack: `organization/${project}/${stack}`, latest: null}})
    },
    async remove(stack) {
      const file = fileOf(stack)
      const folders = ['history', 'backups'].map((kind) => join(root, kind, project, stack))
      const locks = join(root, 'locks', 'organization', project, stack)
      const all = [file, `${file}.attrs`, `${file}.bak`, `${file}.bak.attrs`, ...folders, locks]
      await Promise.all(all.map((path) => rm(path, {recursive: true, force: true})))
    },
    async dropDeadLocks(stack) {
      const folder = join(root, 'locks', 'organization', project, stack)
      const files = ((await readdir(folder).catch(absent)) ?? []).filter((file) => file.endsWith('.json'))
      const dead = await Promise.all(files.map((file) => isDeadLock(join(folder, file))))
      const dropped = files.filter((_, index) => dead[index])
      await Promise.all(
        dropped.flatMap((file) => [file, `${file}.attrs`]).map((file) => rm(join(folder, file), {force: true})),
      )
      return dropped.length
    },
    async prune(stack) {
      const folder = join(root, 'history', project, stack)
      const files = ((await readdir(folder).catch(absent)) ?? []).sort()
      const gone = oldUpdates(files)
      await Promise.all(gone.map((file) => rm(join(folder, file), {force: true})))
    },
  }
}

/** Files of a stack's history, sorted, that are older than the updates kept: an update has several, told apart by their endings. */
export function oldUpdates(files: readonly string[]): readonly string[] {
  const updateOf = (file: string) => file.slice(file.lastIndexOf('/') + 1).split('.')[0]!
  const old = new Set([...new Set(files.map(updateOf))].slice(0, -KEPT_UPDATES))
  return files.filter((file) => old.has(updateOf(file)))
}

/** Changes exactly when what is known of the stack's resources changes; `none` when there is no stack. */
export function serialOf(checkpoint: Checkpoint | undefined): string {
  const latest = checkpoint?.checkpoint.latest
  if (!latest?.resources?.length) return 'none'
  const known = JSON.stringify([latest.resources, latest.pending_operations ?? []])
  return createHash('sha256').update(known).digest('hex').slice(0, 16)
}

/** Resources of the cloud in this stack: neither the stack itself nor providers. */
export const cloudResources = (checkpoint: Checkpoint | undefined): readonly StateResource[] =>
  (checkpoint?.checkpoint.latest?.resources ?? []).filter((resource) => !resource.type.startsWith('pulumi:'))

export const pendingOf = (checkpoint: Checkpoint | undefined): readonly PendingOperation[] =>
  checkpoint?.checkpoint.latest?.pending_operations ?? []

/** @throws HaError STORE_CORRUPT */
export function parseCheckpoint(text: string, path: string): Checkpoint {
  try {
    const checkpoint = JSON.parse(text) as Checkpoint
    if (checkpoint.version === 3) return checkpoint
  } catch {
    // Said below.
  }
  throw new HaError('STORE_CORRUPT', `The engine's state ${path} is damaged.`, {
    next: [
      path.startsWith('gs://')
        ? `Put the copy from before the last change back: gcloud storage cp ${path}.bak ${path}`
        : `Put the copy from before the last change back: cp ${path}.bak ${path}`,
      'Then run `ha plan --refresh` to compare it with what runs.',
    ],
    data: {path},
  })
}

/** The engine's lock names a host and a pid. The caller made sure that no engine of ours runs, so only a stranger could hold it. */
const isDeadLock = async (path: string): Promise<boolean> => {
  const text = await readFile(path, 'utf8').catch(absent)
  return text !== undefined && isDeadHolder(text)
}

/** Whether the engine that wrote this lock ran on this machine and is gone. */
export function isDeadHolder(text: string): boolean {
  try {
    const lock = JSON.parse(text) as {pid: number; hostname: string}
    return lock.hostname === hostname() && startedAt(lock.pid) === undefined
  } catch {
    // Torn: its writer died while writing it.
    return true
  }
}
