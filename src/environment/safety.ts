/** What stands between this environment and its next disaster: roles, fences, an operation left in the middle. */
import type {Emit} from '../events/events.ts'
import {readOpen} from '../operations/open.ts'
import type {Safety} from '../report/safety.ts'
import type {Environment} from './environment.ts'
import {readFences, remindFences} from './fences.ts'

export async function observeSafety(environment: Environment, emit: Emit) {
  const {store, roles, topology} = environment
  await remindFences(environment, emit)
  const [fences, open] = await Promise.all([readFences(store), readOpen(store)])
  return {
    fences,
    operation: open?.value.run,
    safety: safetyOf(roles, fences, open?.value, topology.database !== undefined),
  }
}

/** Which regions could still take over. */
function standing({primary, generations, lost}: Environment['roles']): string {
  const left = Object.keys(generations).filter((region) => region !== primary && !lost.includes(region))
  return left.length === 0 ? 'the platform is not protected' : `only ${left.join(' and ')} could take over`
}

/** Pure. */
export function safetyOf(
  roles: Environment['roles'],
  fences: Awaited<ReturnType<typeof readFences>>,
  open: {readonly plan: {readonly procedure: string; readonly from: string; readonly to: string}} | undefined,
  hasDatabase: boolean,
): readonly Safety[] {
  const pending = fences.filter(({state}) => state === 'pending')
  return [
    ...(hasDatabase && roles.epoch > 1
      ? [{good: true, text: `Primary in ${roles.primary}, epoch ${roles.epoch}.`}]
      : []),
    ...pending.map(({instance}) => ({
      good: false,
      text: `${instance} is fenced by its record alone; it could not be stopped yet.`,
    })),
    ...roles.lost.map((region) => ({
      good: false,
      text: `${region} is given up: ${standing(roles)}. When it is back: ha failback --region ${region}`,
    })),
    ...roles.drained
      .filter((region) => !roles.lost.includes(region))
      .map((region) => ({good: true, text: `${region} is out of rotation: ha failback --region ${region}`})),
    ...(open
      ? [
          {
            good: false,
            text: `A ${open.plan.procedure} from ${open.plan.from} to ${open.plan.to} was left in the middle: ha failover resume`,
          },
        ]
      : []),
  ]
}
