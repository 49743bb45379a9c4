/** Google answers every write with an operation; ours are done when they are answered. */
import type {EmulatorClock} from '../../clock.ts'
import type {Props} from '../../contract.ts'
import {numberOf} from '../directory.ts'
import {notFound, selfLink} from '../google.ts'
import {KEPT} from '../limits.ts'

export interface Operations {
  /** Records a deed that is done. `target` is the id of what it was done to. */
  done(project: string, type: string, target: string, zone?: string): Props
  /** Throws 404, also for one older than the last few hundred. */
  get(id: string): Props
  list(scope: string): readonly Props[]
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/globalOperations */
export function createOperations(time: EmulatorClock): Operations {
  const kept = new Map<string, Props>()
  let count = 0

  return {
    done: (project, type, target, zone) => {
      count += 1
      const at = new Date(time.now()).toISOString().replace('Z', '+00:00')
      const name = `operation-${time.now()}-${count.toString(16).padStart(8, '0')}`
      const scope = zone === undefined ? `projects/${project}/global` : `projects/${project}/zones/${zone}`
      const id = `${scope}/operations/${name}`
      const operation: Props = {
        kind: 'compute#operation',
        id: numberOf(id, at),
        name,
        operationType: type,
        targetLink: selfLink(target),
        targetId: numberOf(target, ''),
        status: 'DONE',
        user: 'emulator',
        progress: 100,
        insertTime: at,
        startTime: at,
        endTime: at,
        selfLink: selfLink(id),
        ...(zone === undefined ? {} : {zone: selfLink(scope)}),
      }
      kept.set(id, operation)
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT.operations) break
        kept.delete(oldest)
      }
      return operation
    },
    get: (id) => {
      const found = kept.get(id)
      if (found === undefined) throw notFound(id)
      return found
    },
    list: (scope) => [...kept].filter(([id]) => id.startsWith(scope)).map(([, operation]) => operation),
  }
}
