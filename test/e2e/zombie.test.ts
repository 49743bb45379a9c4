/**
 * A primary that sleeps while another is promoted past it, and wakes: everything in its region still believes in it, and what was
 * in flight when it fell asleep is answered now. Nothing it acknowledges then may count.
 */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {descendantsOf} from '../../src/emulator/process-table.ts'
import {beginStretch, control, HOME, type Stretch} from './operations.ts'
import {few, openPlatform, type Platform, withoutPlatform} from './platform.ts'
import {kill} from './processes.ts'
import {serversOf} from './servers.ts'
import {passOver} from './zombie.ts'

/** Not shown yet to fail where there is no gate, so a green run would say little: HA_TEST_ZOMBIE=1 runs it. */
const withoutReason = withoutPlatform ?? (process.env.HA_TEST_ZOMBIE ? undefined : 'HA_TEST_ZOMBIE is not set')
const platformTest = test.skipIf(withoutReason)

let platform: Platform
let stretch: Stretch
beforeAll(async () => {
  if (withoutReason) return
  platform = openPlatform('rental', few)
  stretch = await beginStretch(platform, 200)
})
afterAll(() => platform?.remove())

function expectHarmless(seen: Awaited<ReturnType<typeof passOver>>): void {
  process.stdout.write(`${JSON.stringify({...seen, findings: seen.findings.slice(0, 5)})}\n`)
  expect(seen.failover).toBe(0)
  expect(seen.frontDoor, 'writes acknowledged by the old primary after the new one had answered').toBe(0)
  expect(seen.workers, 'effects begun at the old primary after it fell asleep, which the new one does not have').toBe(0)
  expect(seen.loss.seconds).toBeLessThanOrEqual(seen.loss.boundSeconds)
  expect(seen.newAfterThaw, 'the new primary was written to').toBeGreaterThan(100)
}

platformTest('a region that is paused, promoted past and resumed acknowledges nothing more', async () => {
  expectHarmless(
    await passOver(stretch, {
      freeze: () => control(platform, 'pause'),
      thaw: () => control(platform, 'resume'),
      thawAfter: 'the command',
    }),
  )
})

platformTest(
  'a primary whose server alone is stopped and goes on while it is fenced acknowledges nothing more',
  async () => {
    const back = await platform.ha('failback', '--region', HOME, '--soak', '1s', '--yes', '--json')
    expect(back.code, back.stderr).toBe(0)
    const {pid} = (await serversOf(platform.dir)).find(({writable}) => writable)!
    let stopped: readonly number[] = []
    expectHarmless(
      await passOver(stretch, {
        async freeze() {
          stopped = [pid, ...descendantsOf(pid)]
          for (const each of stopped) kill(each, 'SIGSTOP')
        },
        async thaw() {
          for (const each of stopped) kill(each, 'SIGCONT')
        },
        thawAfter: 'repoint',
      }),
    )
  },
)
