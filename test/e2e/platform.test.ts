/** The rental example from its first deploy to its end: the built binary, the real engine, the local cloud. */
import {execFileSync, spawnSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {PubSub} from '@google-cloud/pubsub'
import pg from 'pg'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Ledger, startLoad} from './load.ts'
import {answers, type Ended, openPlatform, type Platform, type Told, withoutPlatform} from './platform.ts'
import {kill} from './processes.ts'

const platformTest = test.skipIf(withoutPlatform)
const REGIONS = ['us-east1', 'europe-west1']
const WORKERS = ['booking-sync', 'pricing', 'webhooks']
const SOON = {timeout: 30_000, interval: 100}

let platform: Platform
let url: string
/** Of each region's database. */
let addresses: Record<string, string>
beforeAll(() => {
  // A call to a channel takes a while, so that a worker can be killed in the middle of one; what it had comes again soon.
  const slow = '    services:\n      booking-sync: { env: { CHANNEL_LATENCY_MS: "800" } }\n'
  platform = openPlatform('rental', (text) => text.replace('    services:\n', slow))
})
afterAll(() => platform?.remove())

const status = async () => (await platform.ha('status', '--json')).result
/** Rows of a statement, asked of the region's own instance as `psql` would. */
async function query(region: string, sql: string, values: unknown[] = []) {
  const client = new pg.Client({
    connectionString: `postgresql://rental-local-api%40rental-local.iam@${addresses[region]}/rental`,
  })
  await client.connect()
  try {
    return (await client.query(sql, values)).rows
  } finally {
    await client.end()
  }
}
const post = (path: string, body: object, headers = {}) =>
  fetch(`${url}${path}`, {method: 'POST', body: JSON.stringify(body), headers})
const api = ({command}: {command: string}) => command.includes('src/api.js')
const changesOf = ({result}: Ended) =>
  result.stacks.flatMap(({stack, changes}: {stack: string; changes: Told[]}) =>
    changes.map((change) => ({...change, stack})),
  )

platformTest('one command stands up two regions and prints where they serve', async () => {
  const deployed = await platform.ha('deploy', '--yes')
  expect(deployed).toMatchObject({code: 0})
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(deployed.stdout)![0]
  for (const region of REGIONS) expect(deployed.stdout).toMatch(new RegExp(`${region} +(primary|replica) +up`))
  expect(deployed.stdout).toContain('Try next:')
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  const {healthy, regions} = await status()
  expect(healthy).toBe(true)
  // biome-ignore lint/suspicious/noExplicitAny: what `ha status --json` says
  addresses = Object.fromEntries(regions.map(({name, instance}: any) => [name, instance.seen.address]))
})

platformTest(
  'a booking is on the primary at once, on the replica within a second, and its effect happens once',
  async () => {
    const stay = {listing: 'loft-7', guest: 'Ada', arrives: '2031-05-01', leaves: '2031-05-04'}
    const response = await post('/bookings', stay, {'idempotency-key': 'one'})
    const at = performance.now()
    expect(response.status).toBe(201)
    const {id} = (await response.json()) as {id: string}
    const sql = 'SELECT guest FROM bookings WHERE id = $1'
    expect(await query('us-east1', sql, [id])).toEqual([{guest: 'Ada'}])
    await expect
      .poll(() => query('europe-west1', sql, [id]), {timeout: 1000 - (performance.now() - at), interval: 50})
      .toEqual([{guest: 'Ada'}])
    expect(await query('europe-west1', 'SELECT pg_is_in_recovery() AS replica')).toEqual([{replica: true}])
    const effect = async () => (await fetch(`${url}/effects/booking:${id}?consistency=strong`)).json()
    await expect.poll(effect, SOON).toMatchObject({worker: 'booking-sync', deliveries: 1})
    expect((await post('/bookings', stay, {'idempotency-key': 'one'})).status).toBe(200)
    expect(await query('us-east1', "SELECT bookings FROM calendars WHERE listing = 'loft-7'")).toEqual([{bookings: 1}])
  },
)

platformTest('each region reads from its own instance', async () => {
  for (const region of REGIONS) {
    const instance = platform.processes().find((it) => api(it) && it.variable('HA_REGION') === region)!
    const response = await fetch(`http://127.0.0.1:${instance.variable('PORT')}/bookings?listing=loft-7`)
    expect([response.headers.get('x-region'), response.headers.get('x-served-from')]).toEqual([region, 'replica'])
    const here = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND query LIKE $2'
    expect(await query(region, here, ['rental', '%FROM bookings WHERE listing%'])).not.toEqual([{n: 0}])
  }
})

platformTest('a second deploy changes nothing and says so', async () => {
  const {code, stdout, ms} = await platform.ha('deploy', '--yes')
  expect({code, stdout}).toMatchObject({code: 0, stdout: expect.stringContaining('Nothing to change')})
  expect(ms).toBeLessThan(10_000)
})

test.skipIf(withoutPlatform ?? withoutProgram('kubectl'))(
  'kubectl sees the pods and deployments of each region',
  () => {
    for (const region of REGIONS) {
      const file = join(platform.dir, '.ha', 'local', `kubeconfig-${region}.json`)
      const get = (what: string) =>
        execFileSync('kubectl', ['--kubeconfig', file, 'get', what, '-o', 'name'], {encoding: 'utf8', timeout: 20_000})
          .trim()
          .split('\n')
      expect(get('deployments').sort()).toEqual(['api', ...WORKERS].sort().map((name) => `deployment.apps/${name}`))
      expect(get('pods').filter((name) => name.startsWith('pod/api-'))).toHaveLength(3)
      expect(get('pods')).toHaveLength(9)
      expect(get('apiservices')).toEqual(['apiservice.apiregistration.k8s.io/v1beta1.external.metrics.k8s.io'])
      for (const worker of WORKERS) {
        const wait = ['wait', `hpa/${worker}`, '--for=condition=ScalingActive', '--timeout=40s']
        execFileSync('kubectl', ['--kubeconfig', file, ...wait], {timeout: 45_000})
      }
    }
  },
)

test.skipIf(withoutPlatform ?? withoutProgram('psql'))('the line for psql works as printed', async () => {
  const {stdout} = await platform.ha('deploy', '--yes')
  const [, address] = /psql (postgresql:\S+)/.exec(stdout)!
  const options = {encoding: 'utf8', timeout: 20_000} as const
  expect(execFileSync('psql', [address!, '-Atc', 'SELECT count(*) FROM bookings'], options).trim()).toBe('1')
})

platformTest('Google’s own Pub/Sub client publishes and pulls', async () => {
  const {pubsub} = platform.cloud()
  const google = new PubSub({projectId: 'rental-local', apiEndpoint: pubsub, emulatorMode: true})
  try {
    const [topic] = await google.createTopic('from-outside')
    const [subscription] = await topic.createSubscription('from-outside')
    const received = new Promise((resolve) =>
      subscription.on('message', (message) => {
        message.ack()
        resolve(message.data.toString())
      }),
    )
    await topic.publishMessage({data: Buffer.from('hello')})
    expect(await received).toBe('hello')
    await subscription.delete()
    await topic.delete()
  } finally {
    await google.close()
  }
})

platformTest('another minimum of replicas is a plan of exactly that, once per region', async () => {
  platform.edit((text) =>
    text.replace('replicas: { min: 3, max: 30, cpu: 60% }', 'replicas: { min: 4, max: 30, cpu: 60% }'),
  )
  const plan = await platform.ha('plan', '--detailed-exitcode', '--json')
  expect(plan.code).toBe(2)
  const changes = changesOf(plan)
  expect(changes.map(({stack}: Told) => stack).sort()).toEqual(REGIONS.map((region) => `app-${region}`).sort())
  for (const change of changes) {
    expect(change).toMatchObject({action: 'update', part: {what: 'HorizontalPodAutoscaler', name: 'api'}})
    expect(change.fields).toEqual([expect.objectContaining({path: 'spec.minReplicas', from: 3, to: 4})])
  }
})

platformTest('of two deploys at once one runs; another says who holds the lock since when, or waits', async () => {
  const first = platform.start('deploy', '--yes', '--json')
  await first.when(({kind}) => kind === 'lock.acquired')
  const [refused, waiting] = [
    platform.ha('deploy', '--yes'),
    platform.ha('deploy', '--yes', '--json', '--lock-timeout', '120s'),
  ]
  expect(await refused).toMatchObject({code: 75})
  expect((await refused).stderr).toMatch(
    new RegExp(`is running "deploy" here, since \\d+ s \\(process ${first.child.pid}\\)`),
  )
  expect(await first.ended()).toMatchObject({code: 0, result: {changed: true}})
  expect(await waiting).toMatchObject({code: 0, result: {changed: false}})
  expect((await waiting).events).toContainEqual(expect.objectContaining({kind: 'lock.awaited', operation: 'deploy'}))
  for (const region of (await status()).regions) {
    expect(region.services.seen).toContainEqual(expect.objectContaining({name: 'api', desired: 4, ready: 4}))
  }
})

platformTest('killed processes come back by themselves, and nothing acknowledged is lost or done twice', async () => {
  const load = startLoad(url)
  const served = async (more: number) => {
    const {bookings} = load.ledger
    const goal = bookings.size + more
    await expect.poll(() => bookings.size, SOON).toBeGreaterThanOrEqual(goal)
  }
  await served(40)

  const doomed = platform.processes().filter(api)[0]!
  kill(doomed.pid)
  await served(100)
  expect(load.ledger.failedReads).toEqual([])
  await expect.poll(() => platform.processes().filter(api).length, SOON).toBe(8)

  const workers = platform.processes().filter(({command}) => command.includes('worker.js booking-sync'))
  kill(workers[0]!.pid)
  await expect
    .poll(() => platform.processes().filter(({command}) => command.includes('worker.js booking-sync')).length, SOON)
    .toBe(4)

  const postmaster = platform.processes().find(({command}) => /postgres -D \S*us-east1-g1/.test(command))!
  kill(postmaster.pid)
  await served(100)
  const ledger = await load.stop()
  await everythingTrue(ledger)
  await expect.poll(async () => (await status()).troubles, SOON).toEqual([])
})

platformTest(
  'status tells what waits for stalled workers and since when, and a failover looks at the outbox',
  async () => {
    const pricing = async () => {
      const {queues} = await status()
      return queues.seen.find(({name}: {name: string}) => name === 'pricing')
    }
    const workers = platform.processes().filter(({command}) => command.includes('worker.js pricing'))
    for (const {pid} of workers) kill(pid, 'SIGSTOP')
    try {
      const asked = await post('/prices', {listing: 'loft-7', nightlyCents: 12_000}, {'idempotency-key': 'stalled'})
      expect(asked.ok).toBe(true)
      await expect.poll(pricing, SOON).toMatchObject({backlog: 1, dead: 0})
      await expect.poll(async () => (await pricing()).oldestSeconds, SOON).toBeGreaterThanOrEqual(1)
      const {result} = await platform.ha('failover', '--region', 'us-east1', '--dry-run', '--json')
      expect(result.checks.find(({name}: {name: string}) => name === 'outbox')).toMatchObject({
        verdict: 'fine',
        reason: expect.stringMatching(/nothing unsent|waits for \d+ s/),
      })
    } finally {
      for (const {pid} of workers) kill(pid, 'SIGCONT')
    }
    await expect.poll(pricing, SOON).toMatchObject({backlog: 0})
  },
)

/** Compares the ledger with the database, once the queues are empty. */
async function everythingTrue({bookings, webhooks}: Ledger) {
  const sums = async () => (await fetch(`${url}/effects?consistency=strong`)).json()
  const all = {bookingsTold: bookings.size + 1, webhooksProcessed: webhooks.size, unsent: 0}
  await expect.poll(sums, {timeout: 90_000, interval: 300}).toMatchObject(all)
  const stored = await query('us-east1', "SELECT id FROM bookings WHERE listing LIKE 'guest-%'")
  expect(new Set(stored.map(({id}) => id))).toEqual(new Set(bookings.values()))
  const events = await query('us-east1', 'SELECT channel, event_id FROM webhooks WHERE processed_at IS NOT NULL')
  expect(new Set(events.map(({channel, event_id}) => `${channel}/${event_id}`))).toEqual(webhooks)
  expect(await query('us-east1', 'SELECT listing FROM calendars WHERE bookings <> 1')).toEqual([])
  expect(await query('us-east1', "SELECT count(*)::int AS n FROM effects WHERE key LIKE 'booking:%'")).toEqual([
    {n: bookings.size + 1},
  ])
}

platformTest(
  'after a reboot status tells that nothing answers, and deploy brings everything back with its data',
  async () => {
    const before = await query('us-east1', 'SELECT count(*)::int AS n FROM bookings')
    for (const {pid} of platform.processes()) kill(pid)
    await expect.poll(() => platform.processes(), SOON).toEqual([])
    const down = await platform.ha('status')
    expect(down.code).not.toBe(0)
    expect(down.stdout + down.stderr).toContain('ha deploy')

    expect(await platform.ha('deploy', '--yes', '--json')).toMatchObject({code: 0, result: {changed: false, url}})
    expect(await query('us-east1', 'SELECT count(*)::int AS n FROM bookings')).toEqual(before)
    expect(
      (await post('/bookings', {listing: 'loft-7', guest: 'Bo', arrives: '2031-06-01', leaves: '2031-06-02'})).status,
    ).toBe(201)
    expect((await status()).troubles).toEqual([])
  },
)

platformTest('less availability stands first in the plan, and is refused until it is accepted by name', async () => {
  platform.edit((text) =>
    text.replace('replicas: { min: 4, max: 30, cpu: 60% }', 'replicas: { min: 3, max: 30, cpu: 60% }'),
  )
  const name = 'services.api.replicas.min'
  const plan = await platform.ha('plan', '--markdown', 'plan.md')
  expect(plan.stdout.split('\n')[0]).toContain(`! lowers availability: api keeps 3 instead of 4 instances`)
  expect(readFileSync(join(platform.dir, 'plan.md'), 'utf8')).toContain(name)
  const refused = await platform.ha('deploy', '--yes', '--json')
  expect(refused.code).toBe(1)
  expect(refused.events).toContainEqual(
    expect.objectContaining({kind: 'plan.made', downgrades: [expect.objectContaining({name})]}),
  )
  expect(refused.events.at(-1)).toMatchObject({kind: 'error.raised', code: 'PLAN_DOWNGRADES'})
  for (const region of (await status()).regions) {
    expect(region.services.seen).toContainEqual(expect.objectContaining({name: 'api', desired: 4}))
  }
  expect(await platform.ha('deploy', '--yes', '--accept-downgrade', name)).toMatchObject({code: 0})
  expect((await platform.ha('plan', '--json')).result).toMatchObject({changes: false, downgrades: []})
})

platformTest('destroy leaves no process, no port and no file', async () => {
  const ports = platform.ports()
  expect(ports.length).toBeGreaterThan(5)
  expect(await platform.ha('destroy', '--yes')).toMatchObject({code: 0})
  expect(platform.processes()).toEqual([])
  for (const port of ports) expect(await answers(port)).toBe(false)
  for (const path of ['.ha', '../home']) expect(existsSync(join(platform.dir, path))).toBe(false)
})

function withoutProgram(name: string): string | undefined {
  return spawnSync(name, ['--help'], {stdio: 'ignore'}).error ? `no ${name} on this machine` : undefined
}
