/** Roles as the store records them, after they became true. */
import type {Roles} from '../../topology/topology.ts'
import type {Deed} from '../means.ts'
import type {RolesChange, StepInputs} from '../plan.ts'

/** Pure. */
export const changedRoles = (roles: Roles, change: RolesChange): Roles => ({
  ...roles,
  ...change,
  generations: {...roles.generations, ...change.generations},
})

export const recordRoles: Deed<StepInputs['record-roles']> = {
  async observe({change}, {roles}) {
    const now = await roles.read()
    return {
      done: JSON.stringify(changedRoles(now, change)) === JSON.stringify(now),
      facts: {epoch: now.epoch, primary: now.primary},
    }
  },
  async act({change}, {roles}) {
    await roles.change((now) => changedRoles(now, change))
    return undefined
  },
  async undo({back}, {roles}) {
    if (back) await roles.change((now) => changedRoles(now, back))
  },
}

/** A region that was given up takes part again, with another instance: at once, so that no other run sees half of it. */
export const returnRegion: Deed<StepInputs['return-region']> = {
  async observe({region}, {roles}) {
    return {done: !(await roles.read()).lost.includes(region)}
  },
  async act({region, generation}, {roles}) {
    await roles.change((now) => ({
      ...now,
      generations: {...now.generations, [region]: generation},
      lost: now.lost.filter((it) => it !== region),
      drained: [...new Set([...now.drained, region])],
    }))
    return undefined
  },
}
