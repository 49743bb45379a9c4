import type {Props} from '../../contract.ts'
import {fullName, type Kind} from '../names.ts'

/** `projects/P/topics/T` of the inputs. The provider fills in `project` from its configuration. */
export function idOf(inputs: Props, kind: Kind): string {
  const {project, name} = inputs as Record<string, string | undefined>
  if (!project) throw new Error('project: required field is not set')
  if (!name) throw new Error('name: required field is not set')
  return fullName(project, kind, name)
}

/** Only the fields that are set. */
export const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T

export const labelOutputs = (labels: unknown) => ({effectiveLabels: labels ?? {}, pulumiLabels: labels ?? {}})

/**
 * What was recorded, with whatever changed in the world since. Recorded values keep the spelling the program used (a topic's short name);
 * `was` and `now` are the same resource in Google's spelling, then and today.
 */
export function drifted(recorded: Props, was: Props, now: Props): Props {
  const result: Props = {...recorded}
  for (const key of new Set([...Object.keys(was), ...Object.keys(now)])) {
    if (JSON.stringify(was[key]) === JSON.stringify(now[key])) continue
    if (now[key] === undefined) delete result[key]
    else result[key] = now[key]
  }
  return result
}

/** Google's answer to `deletionPolicy`: PREVENT refuses, ABANDON leaves the resource alone. */
export function mayDelete(id: string, outputs: Props): boolean {
  if (outputs.deletionPolicy === 'PREVENT')
    throw new Error(`cannot destroy ${id} while its deletionPolicy is "PREVENT"`)
  return outputs.deletionPolicy !== 'ABANDON'
}
