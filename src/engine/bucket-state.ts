/** The same state in a bucket: the layout is that of the files, each file an object. */
import {hostname} from 'node:os'
import {HaError} from '../errors.ts'
import type {Bucket} from '../store/bucket.ts'
import {type Checkpoint, isDeadHolder, oldUpdates, parseCheckpoint, type StackState} from './state.ts'

/** @param folder object prefix, empty or ending with `/`. */
export function bucketState(bucket: Bucket, folder: string, project: string): StackState {
  const root = `${folder}.pulumi`
  const objectOf = (stack: string) => `${root}/stacks/${project}/${stack}.json`
  const locksOf = (stack: string) => `${root}/locks/organization/${project}/${stack}/`
  const removeAll = (objects: readonly string[]) => Promise.all(objects.map((object) => bucket.remove(object)))

  const read = async (stack: string): Promise<Checkpoint | undefined> => {
    const found = await bucket.get(objectOf(stack))
    return found && parseCheckpoint(found.text, `gs://${bucket.name}/${objectOf(stack)}`)
  }
  const write = async (stack: string, checkpoint: Checkpoint): Promise<void> => {
    await bucket.put(objectOf(stack), JSON.stringify(checkpoint))
  }
  return {
    read,
    write,
    async seed(stack) {
      if (await bucket.get(objectOf(stack))) return
      await bucket.put(`${root}/meta.yaml`, 'version: 1\n', '0')
      const checkpoint = {version: 3, checkpoint: {stack: `organization/${project}/${stack}`, latest: null}}
      const made = await bucket.put(objectOf(stack), JSON.stringify(checkpoint), '0')
      if (made === undefined)
        throw new HaError('STORE_CONFLICT', `Another run made the stack ${stack} at the same moment.`)
    },
    async remove(stack) {
      const object = objectOf(stack)
      const folders = ['history', 'backups'].map((kind) => `${root}/${kind}/${project}/${stack}/`)
      const kept = await Promise.all([...folders, locksOf(stack)].map((prefix) => bucket.list(prefix)))
      await removeAll([object, `${object}.bak`, ...kept.flat()])
    },
    async dropDeadLocks(stack) {
      const locks = await bucket.list(locksOf(stack))
      const dead = await Promise.all(
        locks.map(async (lock) => {
          const found = await bucket.get(lock)
          return found !== undefined && (isForeign(found.text) || isDeadHolder(found.text))
        }),
      )
      const dropped = locks.filter((_, index) => dead[index])
      await removeAll(dropped)
      return dropped.length
    },
    async prune(stack) {
      await removeAll(oldUpdates(await bucket.list(`${root}/history/${project}/${stack}/`)))
    },
  }
}

/**
 * Written by an engine of another machine. Whoever calls holds the environment's lock, so that engine's run is over, or a
 * person put it aside: on a pipeline's runner that was taken away nothing else would ever clear its lock.
 */
function isForeign(text: string): boolean {
  try {
    return (JSON.parse(text) as {hostname?: string}).hostname !== hostname()
  } catch {
    return false
  }
}
