/** The new primary is one: alone, of a new timeline, with the fence in its history, and it keeps what it is told. */
import {HaError} from '../../errors.ts'
import type {Deed, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {fenceRow, hasFence} from './fence.ts'

const CANARY = `CREATE TABLE IF NOT EXISTS ha_canary (run text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`

export const verifyPrimary: Deed<StepInputs['verify-primary']> = {
  async observe(input, means) {
    const done = await means.cloud.query(input.instance, `SELECT to_regclass('ha_canary') IS NOT NULL`)
    if (done[0]?.[0] !== 't') return {done: false}
    const kept = await means.cloud.query(input.instance, `SELECT 1 FROM ha_canary WHERE run = '${means.journal.run}'`)
    return kept.length > 0 ? {done: true, facts: await proof(input, means)} : {done: false}
  },
  async act(input, means) {
    const {cloud, journal} = means
    const {instance, epoch, fenced} = input
    if (!fenced) await cloud.query(instance, fenceRow(epoch, instance, journal.run))
    await cloud.query(instance, `${CREATE_CANARY(journal.run)}`)
    return {servesAt: means.clock.now()}
  },
}

const CREATE_CANARY = (run: string) =>
  `${CANARY}; INSERT INTO ha_canary (run) VALUES ('${run}') ON CONFLICT (run) DO UPDATE SET at = now()`

/** @throws HaError ROLES_DISAGREE when any of it is not so. */
async function proof({instance, old, timeline, epoch}: StepInputs['verify-primary'], means: Means) {
  const position = await means.cloud.position(instance)
  const facts = await means.cloud.instances()
  const rival = facts.find(
    ({name, role, active, state}) => name === old && role === 'primary' && active && state === 'RUNNABLE',
  )
  const wrong = [
    position.inRecovery ? `${instance} is still a replica` : undefined,
    position.timeline <= timeline ? `${instance} is on timeline ${position.timeline}, the old primary's` : undefined,
    (await hasFence(means, instance, epoch)) ? undefined : `${instance} does not have the fence of epoch ${epoch}`,
  ].filter((it) => it !== undefined)
  if (wrong.length > 0) throw new HaError('ROLES_DISAGREE', `${wrong.join('; ')}.`, {next: ['ha status']})
  return {timeline: position.timeline, epoch, ...(rival && {rival: rival.name})}
}
