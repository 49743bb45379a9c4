/**
 * A primary that sleeps while another is promoted past it, and wakes: everything in its region still believes in it, and what was
 * in flight when it fell asleep is answered now. Nothing it acknowledges then may count. The last test takes the gates away, and
 * shows that the same sleeper then does harm that these tests see.
 */
import {afterEach, expect, test} from 'vitest'
import {descendantsOf} from '../../src/emulator/process-table.ts'
import {beginStretch, HOME, type Stretch} from './operations.ts'
import {few, openPlatform, type Platform, withoutPlatform} from './platform.ts'
import {kill} from './processes.ts'
import {serversOf} from './servers.ts'
import {passOver, type SeenAfter, type Sleep} from './zombie.ts'

const platformTest = test.skipIf(withoutPlatform)

let platform: Platform | undefined
afterEach(() => platform?.remove())

async function begin(change = few): Promise<Stretch> {
  platform = openPlatform('rental', change)
  return beginStretch(platform, 200)
}

const regionPaused = ({platform}: Stretch): Sleep => ({
  freeze: () => platform.region(HOME, 'pause'),
  thaw: () => platform.region(HOME, 'resume'),
  thawAfter: 'the command',
})

/** The primary's server alone, which goes on before anybody has stopped it. */
function serverStopped({platform}: Stretch): Sleep {
  let stopped: readonly number[] = []
  return {
    async freeze() {
      const {pid} = (await serversOf(platform.dir)).find(({region, writable}) => region === HOME && writable)!
      stopped = [pid, ...descendantsOf(pid)]
      for (const each of stopped) kill(each, 'SIGSTOP')
    },
    async thaw() {
      for (const each of stopped) kill(each, 'SIGCONT')
    },
    thawAfter: 'repoint',
  }
}

async function seenAfter(stretch: Stretch, sleep: Sleep): Promise<SeenAfter> {
  const seen = await passOver(stretch, sleep)
  process.stdout.write(`${JSON.stringify({...seen, findings: seen.findings.slice(0, 5)})}\n`)
  expect(seen.failover).toBe(0)
  return seen
}

function expectHarmless(seen: SeenAfter): void {
  expect(seen.frontDoor, 'writes acknowledged by the old primary after it woke').toBe(0)
  expect(seen.workers, 'effects begun at the old primary after it fell asleep, which the new one does not have').toBe(0)
  expect(seen.loss.seconds).toBeLessThanOrEqual(seen.loss.boundSeconds)
  expect(seen.newAfterThaw, 'the new primary was written to').toBeGreaterThan(100)
}

platformTest('a region that is paused, promoted past and resumed acknowledges nothing more', async () => {
  const stretch = await begin()
  expectHarmless(await seenAfter(stretch, regionPaused(stretch)))
})

platformTest(
  'a primary whose server alone is stopped and goes on while it is fenced acknowledges nothing more',
  async () => {
    const stretch = await begin()
    expectHarmless(await seenAfter(stretch, serverStopped(stretch)))
  },
)

platformTest('without gates it does, and it is seen', async () => {
  const stretch = await begin((text) => `${few(text)}\nobserver: { enabled: false }\n`)
  const {frontDoor, workers} = await seenAfter(stretch, serverStopped(stretch))
  expect(frontDoor + workers).toBeGreaterThan(0)
})
