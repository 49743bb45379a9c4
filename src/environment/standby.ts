/** Cloud SQL Enterprise Plus exchanges a primary with a replica, or fails over to it, only when that one was named beforehand. */
import {carryOut, type Waiting} from '../operations/waits.ts'

const DESIGNATE_MS = 10 * 60_000

/**
 * Names the first of `instances` that follows the primary as its standby, unless one of them is named already: a switchover reverses the
 * designation by itself. Resolves to who it is; to undefined where nobody follows.
 */
export async function designateStandby(means: Waiting, instances: readonly string[]): Promise<string | undefined> {
  const known = await means.cloud.instances()
  const ours = instances.flatMap((name) => known.find((it) => it.name === name) ?? [])
  const primary = ours.find(({role}) => role === 'primary')
  const replicas = ours.filter((it) => it.role === 'replica' && it.primary === primary?.name)
  const standby = replicas.find(({name}) => name === primary?.drReplica) ?? replicas[0]
  if (!primary || !standby) return undefined
  if (primary.drReplica !== standby.name)
    await carryOut(means, {deed: 'designate', instance: primary.name, replica: standby.name}, DESIGNATE_MS)
  return standby.name
}
