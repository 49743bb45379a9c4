/** What ha.yaml would make the platform survive less than what was deployed last, and the consent that needs. */
import type {Environment} from '../environment/environment.ts'
import {HaError} from '../errors.ts'
import {type Check, refused, warned} from '../operations/check.ts'
import {readResilience, recordResilience} from '../store/documents.ts'
import {availabilityDowngrades, type Downgrade, resilienceOf} from '../topology/downgrades.ts'

/** The flag that accepts one by name. */
export const ACCEPT = '--accept-downgrade'

type Compared = Pick<Environment, 'store' | 'topology' | 'ledger'>

/** Empty where nothing is deployed, or nothing gets worse. */
export async function downgradesOf({store, topology, ledger}: Compared): Promise<readonly Downgrade[]> {
  // A destroy that was cut off may have left the record of what it had already taken down.
  if (Object.keys(ledger.fingerprints).length === 0) return []
  const before = await readResilience(store)
  return before ? availabilityDowngrades(before, resilienceOf(topology)) : []
}

/** @throws HaError PLAN_DOWNGRADES unless each is among `accepted`. Pure. */
export function assertAccepted(downgrades: readonly Downgrade[], accepted: readonly string[]): void {
  const left = downgrades.filter(({name}) => !accepted.includes(name))
  if (left.length === 0) return
  throw new HaError(
    'PLAN_DOWNGRADES',
    `This would lower availability: ${left.map(({says}) => says).join(' ')} Nothing was changed.`,
    {
      next: [
        'Undo the change in ha.yaml that asks for it, or',
        `if you mean it, accept each by name: ${left.map(({name}) => `${ACCEPT} ${name}`).join(' ')}`,
      ],
      data: {downgrades: left},
    },
  )
}

/**
 * A change of roles ends by making everything what ha.yaml says; what lowers availability must not come in by that door. When a
 * region is gone it does not stand in the way, but is said before anyone agrees. Pure.
 */
export const downgradeChecks = (downgrades: readonly Downgrade[], isPlanned: boolean): readonly Check[] =>
  downgrades.map(({name, says}) =>
    (isPlanned ? refused : warned)(
      'ha.yaml',
      `${says} (${name}; in ha.yaml, not deployed yet)`,
      `Undo it in ha.yaml first, or accept it: ha deploy ${ACCEPT} ${name}`,
    ),
  )

/** After a deploy of the whole: the next one is compared with this. */
export async function recordDeployed({store, topology}: Pick<Environment, 'store' | 'topology'>): Promise<void> {
  const [before, now] = [await readResilience(store), resilienceOf(topology)]
  if (JSON.stringify(before) !== JSON.stringify(now)) await recordResilience(store, now)
}
