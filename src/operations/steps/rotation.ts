/** A region's share of the traffic. */
import {HaError} from '../../errors.ts'
import type {Deed, Means} from '../means.ts'
import type {StepInputs} from '../plan.ts'
import {until} from '../waits.ts'

const CHANGE_MS = 30_000
const HEALTHY_MS = 3 * 60_000

async function setTo(means: Means, region: string, backend: string, share: number): Promise<void> {
  const {cloud} = means
  await until(means, CHANGE_MS, `${backend} kept changing`, async () => {
    const rotation = await cloud.rotation(backend)
    const groups = rotation.groups.map((it) => (it.region === region ? {...it, share} : it))
    if (groups.every((it, index) => it.share === rotation.groups[index]!.share)) return true
    // After the reading whose fingerprint the change carries: whoever took over since has changed it, or is seen here.
    await means.assertHeld()
    try {
      await cloud.setRotation(backend, {...rotation, groups})
      return true
    } catch (thrown) {
      // Somebody else was quicker: look again.
      if (thrown instanceof HaError && thrown.data.status === 412) return undefined
      throw thrown
    }
  })
}

/**
 * All zones of the region in one change. Never by detaching a group, which would cut its connections off:
 * https://cloud.google.com/load-balancing/docs/enabling-connection-draining
 */
export const setShare: Deed<StepInputs['set-share']> = {
  async observe({region, backends, share}, {cloud}) {
    const rotations = await Promise.all(backends.map((backend) => cloud.rotation(backend)))
    const own = rotations.flatMap(({groups}) => groups.filter((it) => it.region === region))
    return {done: own.every((it) => it.share === share)}
  },
  async act({region, backends, share}, means) {
    for (const backend of backends) await setTo(means, region, backend, share)
    return undefined
  },
  async undo({region, backends, back}, means) {
    if (back === undefined) return
    for (const backend of backends) await setTo(means, region, backend, back)
  },
}

/** Every endpoint of the region passes the load balancer's own checks. */
export const awaitHealthy: Deed<StepInputs['await-healthy']> = {
  settleMs: HEALTHY_MS,
  async observe({region, backends}, {cloud}) {
    const seen = await Promise.all(
      backends.map(async (backend) => (await cloud.health(backend, await cloud.rotation(backend)))[region]),
    )
    const healthy = seen.reduce((sum, it) => sum + (it?.healthy ?? 0), 0)
    const total = seen.reduce((sum, it) => sum + (it?.total ?? 0), 0)
    return {done: total > 0 && healthy === total, facts: {healthy, total}}
  },
}
