import {nearest} from '../config/nearest.ts'
import {HaError} from '../errors.ts'

/** @throws HaError USAGE with the name that was probably meant. */
export function checkKnown(kind: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  const hint = nearest(name, known)
  throw new HaError('USAGE', `ha.yaml has no ${kind} "${name}".`, {
    next: [hint ? `Did you mean ${hint}?` : `It has: ${known.join(', ')}`],
  })
}
