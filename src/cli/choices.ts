import {nearest} from '../config/nearest.ts'
import {HaError} from '../errors.ts'

/** Nothing chosen is fine. @throws HaError USAGE with the name that was probably meant. */
export function checkKnown(kind: string, name: string | undefined, things: readonly {readonly name: string}[]): void {
  const known = things.map((thing) => thing.name)
  if (name === undefined || known.includes(name)) return
  const hint = nearest(name, known)
  throw new HaError('USAGE', `ha.yaml has no ${kind} "${name}".`, {
    next: [hint ? `Did you mean ${hint}?` : `It has: ${known.join(', ')}`],
  })
}
