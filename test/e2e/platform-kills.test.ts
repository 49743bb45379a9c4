/** Deploys that are cut short: by Ctrl-C, by a second one, by kill -9 at ten random moments. The next one converges. */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import {setTimeout as sleep} from 'node:timers/promises'
import {expect, onTestFinished, test} from 'vitest'
import {type Ended, few, openPlatform, type Platform, type Running, type Told, withoutPlatform} from './platform.ts'
import {random} from './points.ts'

const platformTest = test.skipIf(withoutPlatform)
const REGIONS = ['us-east1', 'europe-west1']
function open(): Platform {
  const platform = openPlatform('rental', few)
  onTestFinished(() => platform.remove())
  return platform
}

/** What went wrong, in its own words. */
const failuresOf = ({events}: Ended) => JSON.stringify(events.filter(({kind}) => /failed|raised|repaired/.test(kind)))

const deploy = (platform: Platform) => platform.start('deploy', '--yes', '--json')

/** What is true of a platform that was deployed and of nothing else. */
async function expectWhole(platform: Platform) {
  const status = await platform.ha('status', '--json')
  expect(status.result).toMatchObject({healthy: true, troubles: []})
  const plan = await platform.ha('plan', '--refresh', '--detailed-exitcode', '--json')
  expect(plan).toMatchObject({code: 0, result: {changes: false}})
  expect(countOf(platform, /emulator\/main\.\w+ start/)).toBe(1)
  expect(countOf(platform, /region\/main\./)).toBe(2)
  expect(countOf(platform, /postgres -D/)).toBe(2)
  expect(countOf(platform, /src\/api\.js/)).toBe(2)
  expect(countOf(platform, /src\/worker\.js/)).toBe(6)
  expect(countOf(platform, /pulumi|run\.js/)).toBe(0)
  return {things: thingsOf(platform), objects: await objectsOf(platform)}
}

const countOf = (platform: Platform, pattern: RegExp) =>
  platform.processes().filter(({command}) => pattern.test(command)).length

/** Everything that exists in the emulated cloud, by kind and id: made twice or left over, it would show. */
function thingsOf({dir}: Platform): string[] {
  const db = new DatabaseSync(join(dir, '.ha/local/emulator/records.db'), {readOnly: true})
  // Operations are the history of how it came to be.
  const rows = db.prepare("SELECT token, id FROM record WHERE token NOT LIKE '%#operation' ORDER BY token, id").all()
  db.close()
  return rows.map(({token, id}) => `${token} ${id}`)
}

/** Names of the objects that somebody asked for in each cluster. */
async function objectsOf({dir}: Platform): Promise<string[]> {
  const paths = ['apis/apps/v1/deployments', 'api/v1/services', 'apis/autoscaling/v2/horizontalpodautoscalers']
  const asked = REGIONS.flatMap(async (region) => {
    const config = JSON.parse(readFileSync(join(dir, '.ha', 'local', `kubeconfig-${region}.json`), 'utf8'))
    return Promise.all(
      paths.map(async (path) => {
        const {items} = (await (await fetch(`${config.clusters[0].cluster.server}/${path}`)).json()) as {
          items: {metadata: {name: string}}[]
        }
        return items.map(({metadata}) => `${region} ${path.split('/').at(-1)} ${metadata.name}`)
      }),
    )
  })
  return (await Promise.all(asked)).flat(2).sort()
}

/** First the primary, when that is there the replica: what takes longest to make. */
const isDatabase = ({kind, action, part}: Told) =>
  kind === 'part.started' && action === 'create' && (part as {what: string}).what === 'Cloud SQL instance'

platformTest(
  'Ctrl-C finishes what is in flight, twice it ends at once; either way the next deploy converges',
  async () => {
    const platform = open()
    const first = deploy(platform)
    await first.when(isDatabase)
    first.child.kill('SIGINT')
    const calm = await first.ended()
    expect(calm.code).toBe(130)
    const begun = calm.events.filter(({kind}) => kind === 'part.started').length
    const settled = calm.events.filter(({kind}) => kind === 'part.finished' || kind === 'part.failed').length
    expect(settled).toBe(begun)
    const at = calm.events.findIndex(({kind}) => kind === 'interrupt.received')
    expect(calm.events.slice(at).filter(({kind}) => kind === 'stack.started' || kind === 'step.started')).toEqual([])

    const second = deploy(platform)
    await second.when(isDatabase)
    second.child.kill('SIGINT')
    await second.when(({kind}) => kind === 'interrupt.received')
    second.child.kill('SIGINT')
    const forced = await second.ended()
    expect(forced.code).toBe(130)
    expect(forced.events.at(-1)).toMatchObject({
      kind: 'error.raised',
      message: expect.stringContaining('Ended at once'),
    })

    const third = await deploy(platform).ended()
    expect(third, failuresOf(third)).toMatchObject({code: 0})
    await expectWhole(platform)
    expect(await platform.ha('destroy', '--yes')).toMatchObject({code: 0})
    expect(platform.processes()).toEqual([])
  },
)

/** Kills the deploy once it has told so many events more and a moment has passed; whether it was still running then. */
async function killAt({child, when, ended}: Running, events: number, ms: number): Promise<boolean> {
  let told = 0
  await when(() => ++told > events)
  await sleep(ms)
  const running = child.exitCode === null
  child.kill('SIGKILL')
  await ended()
  return running
}

platformTest('a deploy that was killed at any of ten random moments is finished by the next one', async () => {
  const seed = Number(process.env.HA_TEST_SEED ?? (Date.now() % 1_000_000) + 1)
  process.stdout.write(`The moments are those of HA_TEST_SEED=${seed}.\n`)
  const next = random(seed)
  const wholes: Awaited<ReturnType<typeof expectWhole>>[] = []
  for (let kills = 0; kills < 10; ) {
    const platform = open()
    const moments: string[] = []
    // Some moments on a fresh platform, each later in it than the last; then one deploy that nobody disturbs.
    for (let round = 0; round < 4 && kills < 10; round++) {
      const [events, ms] = [Math.floor(next() * 120), Math.floor(next() * 800)]
      moments.push(`${events} events + ${ms} ms`)
      if (!(await killAt(deploy(platform), events, ms))) break
      kills++
    }
    const last = await deploy(platform).ended()
    expect(last, `after kills at ${moments.join(', ')}: ${failuresOf(last)}`).toMatchObject({code: 0})
    wholes.push(await expectWhole(platform))
    await platform.remove()
  }
  for (const whole of wholes.slice(1)) expect(whole).toEqual(wholes[0])
})
