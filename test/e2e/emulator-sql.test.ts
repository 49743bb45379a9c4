/** Cloud SQL with real PostgreSQL servers; titles are the headings of BEHAVIOUR.md. */
import {execFile} from 'node:child_process'
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import pg from 'pg'
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest'
import {openPorts} from '../../src/emulator/ports.ts'
import {processesOf} from '../../src/emulator/sql/leftovers.ts'
import {startAuthProxy} from '../../src/emulator/sql/proxy.ts'
import {API, type Cloud, newFolder, openCloud, PROJECT} from '../emulator/sql/cloud.ts'

const run = promisify(execFile)
const [US, EU] = ['us-east1', 'europe-west1']
const BACKUPS = {enabled: true, pointInTimeRecoveryEnabled: true}
const SETTINGS = {
  tier: 'db-perf-optimized-N-2',
  edition: 'ENTERPRISE_PLUS',
  availabilityType: 'REGIONAL',
  dataApiAccess: 'ALLOW_DATA_API',
  databaseFlags: [{name: 'cloudsql.iam_authentication', value: 'on'}],
}

let cloud: Cloud
beforeAll(async () => {
  cloud = await openCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

let count = 0
/** A primary in us-east1 with a table `t`, and its replica in europe-west1, under names of their own. */
async function pair(replica = true) {
  count += 1
  const [a, b] = [`a${count}`, `b${count}`]
  await cloud.done('POST', `${API}/instances`, {
    name: a,
    region: US,
    settings: {...SETTINGS, backupConfiguration: BACKUPS},
  })
  if (replica) {
    await cloud.done('POST', `${API}/instances`, {name: b, region: EU, masterInstanceName: a, settings: SETTINGS})
  }
  await sql(a, 'CREATE TABLE t (n int)')
  return {a, b}
}

interface Answer {
  readonly results: readonly {readonly rows: readonly {readonly values: readonly {readonly value: string}[]}[]}[]
  readonly status?: {readonly message: string}
}

/** The first value of the last statement; throws the database's refusal. */
async function sql(instance: string, sqlStatement: string, database = 'postgres'): Promise<string | undefined> {
  const answer = await cloud.call<Answer>('POST', `${API}/instances/${instance}/executeSql`, {sqlStatement, database})
  if (answer.status) throw new Error(answer.status.message)
  return answer.results.at(-1)?.rows[0]?.values[0]?.value
}

interface Page {
  readonly role: string
  readonly state: string
  readonly timeline: number
  readonly port: number
  readonly zone: string
}
interface Series {
  readonly timeSeries?: readonly {
    readonly resource: {readonly labels: {readonly region: string}}
    readonly points: readonly {readonly value: {readonly doubleValue: number}}[]
  }[]
}
const observed = (instance: string) => cloud.call<Page>('GET', `/emulator/v1/sql/instances/${instance}/observed`)
const described = (instance: string) => cloud.call('GET', `${API}/instances/${instance}`)

/** https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery#designate_a_dr_replica */
const designate = (primary: string, replica: string) =>
  cloud.done('PATCH', `${API}/instances/${primary}`, {
    replicationCluster: {failoverDrReplicaName: `${PROJECT}:${replica}`},
  })

async function until<T>(ask: () => Promise<T>, good: (value: T) => boolean, ms = 15_000): Promise<T> {
  for (const deadline = performance.now() + ms; ; ) {
    const value = await ask().catch((error: Error) => error)
    if (!(value instanceof Error) && good(value)) return value
    if (performance.now() > deadline)
      throw new Error(`Still ${JSON.stringify(value instanceof Error ? value.message : value)}`)
    await new Promise((next) => setTimeout(next, 20))
  }
}

const folderOf = (region: string, instance: string) => join(cloud.dir, 'regions', region, 'sql', instance)
const postmasterOf = (region: string, instance: string) =>
  Number(readFileSync(join(folderOf(region, instance), 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
const has = async (program: string) =>
  run(program, ['--version']).then(
    () => true,
    () => false,
  )

test('a replica in another region streams from its primary, and a row is there within a second', async () => {
  const {a, b} = await pair()
  await sql(a, 'INSERT INTO t VALUES (1)')
  await until(
    () => sql(b, 'SELECT count(*) FROM t'),
    (n) => n === '1',
    1_000,
  )
  expect(await described(b)).toMatchObject({
    instanceType: 'READ_REPLICA_INSTANCE',
    masterInstanceName: `${PROJECT}:${a}`,
  })
  expect(await described(a)).toMatchObject({instanceType: 'CLOUD_SQL_INSTANCE', replicaNames: [b]})
  await expect(sql(b, 'INSERT INTO t VALUES (2)')).rejects.toThrow('25006')
  const elsewhere = cloud.call('PATCH', `${API}/instances/${b}`, {masterInstanceName: 'other'})
  await expect(elsewhere).rejects.toThrow('masterInstanceName of an instance cannot be changed')
})

test('a replica that was away for too long is cloned again, and its primary has kept no more than it may', async () => {
  const {a, b} = await pair()
  await cloud.sink(EU)
  onTestFinished(() => cloud.raise(EU).catch(() => {}))
  await sql(a, "SELECT pg_logical_emit_message(false, 'bulk', repeat('x', 1000000)) FROM generate_series(1, 400)")
  await sql(a, 'INSERT INTO t VALUES (1); CHECKPOINT')
  const log = join(folderOf(US, a), 'data', 'pg_wal')
  const segments = readdirSync(log).filter((name) => /^[0-9A-F]{24}$/.test(name))
  const kept = segments.reduce((bytes, name) => bytes + statSync(join(log, name)).size, 0)
  expect(kept).toBeLessThan(350e6)
  await cloud.raise(EU)
  await until(
    () => sql(b, 'SELECT count(*) FROM t'),
    (n) => n === '1',
    60_000,
  )
  expect(await observed(b)).toMatchObject({role: 'replica'})
})

test('a primary whose server is killed is back by itself with every acknowledged commit, in its other zone', async () => {
  const {a} = await pair(false)
  const before = await observed(a)
  const client = new pg.Client({host: '127.0.0.1', port: before.port, user: 'writer@p.iam', database: 'postgres'})
  client.on('error', () => {})
  await cloud.done('POST', `${API}/instances/${a}/users`, {name: 'writer@p.iam', type: 'CLOUD_IAM_USER'})
  await sql(a, 'GRANT ALL ON t TO "writer@p.iam"')
  await client.connect()
  let acknowledged = 0
  const writing = (async () => {
    for (;;) {
      await client.query('INSERT INTO t VALUES ($1)', [acknowledged])
      acknowledged += 1
    }
  })().catch(() => {})
  await until(
    async () => acknowledged,
    (n) => n > 50,
  )
  process.kill(postmasterOf(US, a), 'SIGKILL')
  await writing
  const killed = performance.now()
  const after = await until(
    () => observed(a),
    ({state}) => state === 'RUNNABLE',
  )
  expect(performance.now() - killed).toBeLessThan(5_000)
  expect(Number(await sql(a, 'SELECT count(*) FROM t'))).toBeGreaterThanOrEqual(acknowledged)
  expect([after.port, after.zone]).toEqual([before.port, `${US}-c`])
  const {items} = await cloud.call<{items: {operationType: string; user: string}[]}>(
    'GET',
    `${API}/operations?instance=${a}`,
  )
  expect(items[0]).toMatchObject({operationType: 'FAILOVER', user: 'system'})
})

test('a ZONAL instance stays in its zone', async () => {
  const {a} = await pair(false)
  await cloud.done('PATCH', `${API}/instances/${a}`, {settings: {availabilityType: 'ZONAL'}})
  process.kill(postmasterOf(US, a), 'SIGKILL')
  await until(
    () => observed(a),
    ({state}) => state === 'MAINTENANCE',
  )
  expect(
    (
      await until(
        () => observed(a),
        ({state}) => state === 'RUNNABLE',
      )
    ).zone,
  ).toBe(`${US}-b`)
  await expect(cloud.call('POST', `${API}/instances/${a}/failover`)).rejects.toMatchObject({status: 400})
})

test('a manual failover moves the instance to its other zone', async () => {
  const {a} = await pair(false)
  await sql(a, 'INSERT INTO t VALUES (1)')
  const {settings} = await cloud.call<{settings: {settingsVersion: string}}>('GET', `${API}/instances/${a}`)
  const stale = {failoverContext: {settingsVersion: '99'}}
  await expect(cloud.call('POST', `${API}/instances/${a}/failover`, stale)).rejects.toMatchObject({status: 412})
  await cloud.done('POST', `${API}/instances/${a}/failover`, {failoverContext: settings})
  expect(await described(a)).toMatchObject({gceZone: `${US}-c`, secondaryGceZone: `${US}-b`, state: 'RUNNABLE'})
  expect(await sql(a, 'SELECT count(*) FROM t')).toBe('1')
})

test('a promoted replica is a primary on a new timeline, and the old primary stays one of its own', async () => {
  const {a, b} = await pair()
  await cloud.done('POST', `${API}/instances/${b}/promoteReplica`)
  expect(await observed(b)).toMatchObject({role: 'primary', timeline: 2})
  expect(await described(b)).toMatchObject({
    instanceType: 'CLOUD_SQL_INSTANCE',
    settings: {backupConfiguration: {enabled: true}},
  })
  expect((await described(b)).masterInstanceName).toBeUndefined()
  expect(await described(a)).toMatchObject({instanceType: 'CLOUD_SQL_INSTANCE', replicaNames: []})
  await Promise.all([sql(a, 'INSERT INTO t VALUES (1)'), sql(b, 'INSERT INTO t VALUES (2)')])
  await expect(cloud.call('POST', `${API}/instances/${b}/promoteReplica`)).rejects.toMatchObject({status: 400})
})

test('a switchover reverses the roles and loses nothing, there and back', async () => {
  const {a, b} = await pair()
  const undesignated = cloud.call('POST', `${API}/instances/${b}/switchover`)
  await expect(undesignated).rejects.toMatchObject({status: 400})
  await designate(a, b)
  for (const [n, [from, to]] of [
    [a, b],
    [b, a],
  ].entries()) {
    await sql(from!, `INSERT INTO t VALUES (${n})`)
    await cloud.done('POST', `${API}/instances/${to}/switchover`)
    expect(await sql(to!, 'SELECT count(*) FROM t')).toBe(String(n + 1))
    expect(await observed(to!)).toMatchObject({role: 'primary', timeline: n + 2})
    await sql(to!, 'CREATE TABLE IF NOT EXISTS after_it (n int)')
    await until(
      () => observed(from!),
      ({role, timeline}) => role === 'replica' && timeline === n + 2,
    )
    expect(await described(from!)).toMatchObject({masterInstanceName: `${PROJECT}:${to}`})
  }
})

test('a switchover whose replica receives nothing is refused and changes nothing', async () => {
  const {a, b} = await pair()
  await designate(a, b)
  await cloud.sink(EU)
  onTestFinished(() => cloud.raise(EU).catch(() => {}))
  await expect(cloud.done('POST', `${API}/instances/${b}/switchover?dbTimeout=2s`)).rejects.toThrow()
  expect(await observed(a)).toMatchObject({role: 'primary', state: 'RUNNABLE', timeline: 1})
  await sql(a, 'INSERT INTO t VALUES (1)')
})

test('a failover to the DR replica needs no answer from the old primary, which is cloned anew when its region is back', async () => {
  const {a, b} = await pair()
  await expect(cloud.call('POST', `${API}/instances/${b}/promoteReplica?failover=true`)).rejects.toMatchObject({
    status: 400,
  })
  await designate(a, b)
  expect(await described(b)).toMatchObject({replicationCluster: {drReplica: true}})
  await until(
    () => sql(b, "SELECT count(*) FROM pg_class WHERE relname = 't'"),
    (n) => n === '1',
  )
  await cloud.sink(US)
  onTestFinished(() => cloud.raise(US).catch(() => {}))
  await cloud.done('POST', `${API}/instances/${b}/promoteReplica?failover=true`)
  await sql(b, 'INSERT INTO t VALUES (7)')
  expect(await described(a)).toMatchObject({
    instanceType: 'READ_REPLICA_INSTANCE',
    masterInstanceName: `${PROJECT}:${b}`,
  })
  await cloud.raise(US)
  await until(
    () => sql(a, 'SELECT n FROM t'),
    (n) => n === '7',
  )
  expect(await observed(a)).toMatchObject({role: 'replica'})
})

test('what a region that is down is asked is answered within five seconds', async () => {
  const {a} = await pair(false)
  await cloud.sink(US)
  onTestFinished(() => cloud.raise(US).catch(() => {}))
  const started = performance.now()
  expect(await observed(a)).toMatchObject({state: 'UNKNOWN', role: 'primary'})
  expect(await described(a)).toMatchObject({state: 'SQL_INSTANCE_STATE_UNSPECIFIED'})
  await expect(sql(a, 'SELECT 1')).rejects.toMatchObject({status: 503})
  expect(performance.now() - started).toBeLessThan(5_000)
})

test('a replica tells Monitoring its lag, negative while it does not replicate, and nothing while it does not answer', async () => {
  const {a, b} = await pair()
  const lag = async () => {
    const filter = `metric.type = "cloudsql.googleapis.com/database/replication/replica_lag" AND resource.labels.database_id = "${PROJECT}:${b}"`
    const query = new URLSearchParams({filter, 'interval.endTime': new Date().toISOString()})
    const {timeSeries = []} = await cloud.call<Series>('GET', `/v3/projects/${PROJECT}/timeSeries?${query}`)
    return timeSeries.map(({resource, points}) => [resource.labels.region, points[0]?.value.doubleValue])
  }
  await until(lag, ([series]) => series?.[0] === EU && Number(series[1]) >= 0)
  await cloud.done('PATCH', `${API}/instances/${a}`, {settings: {activationPolicy: 'NEVER'}})
  await until(lag, ([series]) => series?.[1] === -1)
  await cloud.sink(EU)
  onTestFinished(() => cloud.raise(EU).catch(() => {}))
  const started = performance.now()
  expect(await lag()).toEqual([])
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('everything is there on the same ports after a restart', async () => {
  const first = await openCloud(newFolder())
  await first.done('POST', `${API}/instances`, {
    name: 'kept',
    region: US,
    settings: {...SETTINGS, backupConfiguration: BACKUPS},
  })
  await first.call('POST', `${API}/instances/kept/executeSql`, {sqlStatement: 'CREATE TABLE kept AS SELECT 42 AS n'})
  const before = await first.call<Page>('GET', '/emulator/v1/sql/instances/kept/observed')
  await first.stop()
  expect(processesOf(join(first.dir, 'regions', US, 'sql', 'kept', 'data'))).toEqual([])
  await using second = await openCloud(first.dir)
  await second.raise(US)
  const after = await second.call<Page>('GET', '/emulator/v1/sql/instances/kept/observed')
  expect(after).toMatchObject({port: before.port, state: 'RUNNABLE'})
  const answer = await second.call<Answer>('POST', `${API}/instances/kept/executeSql`, {
    sqlStatement: 'SELECT n FROM kept',
  })
  expect(answer.results[0]!.rows[0]!.values[0]!.value).toBe('42')
})

test('a clone is the source as it was at a moment of the recovery window', async () => {
  const {a} = await pair(false)
  await cloud.done('POST', `${API}/instances/${a}/backupRuns`)
  await sql(a, 'INSERT INTO t VALUES (1)')
  const moment = await sql(
    a,
    'SELECT to_char(clock_timestamp() AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')',
  )
  await sql(a, 'INSERT INTO t VALUES (2)')
  const context = (name: string, pointInTime?: string) => ({cloneContext: {destinationInstanceName: name, pointInTime}})
  await cloud.done('POST', `${API}/instances/${a}/clone`, context(`${a}-then`, moment))
  await cloud.done('POST', `${API}/instances/${a}/clone`, context(`${a}-now`))
  expect(await sql(`${a}-then`, 'SELECT count(*) FROM t')).toBe('1')
  expect(await sql(`${a}-now`, 'SELECT count(*) FROM t')).toBe('2')
  const early = cloud.done('POST', `${API}/instances/${a}/clone`, context(`${a}-early`, '2020-01-01T00:00:00Z'))
  await expect(early).rejects.toThrow('no backup from before')
})

test('the recovery window opens with the first backup, and a replica has none', async () => {
  const {a, b} = await pair()
  const asked = (name: string) =>
    cloud.call<{kind: string; earliestRecoveryTime: string; latestRecoveryTime: string}>(
      'GET',
      `${API}/instances/${name}/getLatestRecoveryTime`,
    )
  await cloud.done('POST', `${API}/instances/${a}/backupRuns`)
  const window = await asked(a)
  expect(window.kind).toBe('sql#getLatestRecoveryTime')
  expect(window.earliestRecoveryTime <= window.latestRecoveryTime).toBe(true)
  await expect(asked(b)).rejects.toThrow('cannot be recovered to a point in time')
  await cloud.done('POST', `${API}/instances/${b}/promoteReplica`)
  await expect(asked(b)).rejects.toThrow('cannot be recovered to a point in time')
  await cloud.done('PATCH', `${API}/instances/${b}`, {settings: {backupConfiguration: BACKUPS}})
  await cloud.done('POST', `${API}/instances/${b}/backupRuns`)
  expect((await asked(b)).earliestRecoveryTime > window.earliestRecoveryTime).toBe(true)
})

test('a flag takes effect, with a restart where PostgreSQL needs one, and a value it refuses changes nothing', async () => {
  const {a} = await pair(false)
  const flags = (...databaseFlags: {name: string; value: string}[]) =>
    cloud.done('PATCH', `${API}/instances/${a}`, {
      settings: {databaseFlags: [...SETTINGS.databaseFlags, ...databaseFlags]},
    })
  const pid = postmasterOf(US, a)
  await flags({name: 'work_mem', value: '1234'})
  expect([await sql(a, 'SHOW work_mem'), postmasterOf(US, a)]).toEqual(['1234kB', pid])
  await flags({name: 'max_connections', value: '150'})
  expect(await sql(a, 'SHOW max_connections')).toBe('150')
  expect(postmasterOf(US, a)).not.toBe(pid)
  await expect(flags({name: 'work_mem', value: 'lots'})).rejects.toThrow('work_mem')
  expect(await sql(a, 'SHOW max_connections')).toBe('150')
})

test('a stopped instance is RUNNABLE and answers nothing, until it is started', async () => {
  const {a, b} = await pair()
  const stop = (name: string) =>
    cloud.done('PATCH', `${API}/instances/${name}`, {settings: {activationPolicy: 'NEVER'}})
  await expect(stop(b)).rejects.toMatchObject({status: 400})
  await stop(a)
  await expect(sql(a, 'SELECT 1')).rejects.toMatchObject({status: 400})
  expect(await described(a)).toMatchObject({state: 'RUNNABLE'})
  expect(await observed(a)).toMatchObject({state: 'STOPPED'})
  expect(processesOf(join(folderOf(US, a), 'data'))).toEqual([])
  await cloud.done('PATCH', `${API}/instances/${a}`, {settings: {activationPolicy: 'ALWAYS'}})
  expect(await sql(a, 'SELECT count(*) FROM t')).toBe('0')
})

test('a deleted instance leaves nothing, and its name is blocked', async () => {
  const {a, b} = await pair()
  await expect(cloud.call('DELETE', `${API}/instances/${a}`)).rejects.toThrow('has replicas')
  await cloud.done('DELETE', `${API}/instances/${b}`)
  await cloud.done('PATCH', `${API}/instances/${a}`, {settings: {deletionProtectionEnabled: true}})
  await expect(cloud.call('DELETE', `${API}/instances/${a}`)).rejects.toThrow('protected')
  await cloud.done('PATCH', `${API}/instances/${a}`, {settings: {deletionProtectionEnabled: false}})
  await cloud.done('DELETE', `${API}/instances/${a}`)
  expect(existsSync(folderOf(US, a))).toBe(false)
  expect(readdirSync(join(cloud.dir, 'regions', EU, 'sql'))).not.toContain(b)
  const again = cloud.call('POST', `${API}/instances`, {
    name: a,
    region: US,
    settings: {...SETTINGS, backupConfiguration: BACKUPS},
  })
  await expect(again).rejects.toMatchObject({status: 409})
})

test('an IAM user comes in without a password, a built-in one with it, and neither is a superuser', async () => {
  const {a} = await pair(false)
  const {port} = await observed(a)
  const users = `${API}/instances/${a}/users`
  await cloud.done('POST', users, {name: 'api@p.iam.gserviceaccount.com', type: 'CLOUD_IAM_SERVICE_ACCOUNT'})
  await cloud.done('POST', users, {name: 'ann', password: 'secret'})
  const login = async (user: string, password?: string) => {
    const client = new pg.Client({host: '127.0.0.1', port, user, database: 'postgres', ...(password ? {password} : {})})
    client.on('error', () => {})
    try {
      await client.connect()
      const {rows} = await client.query('SELECT rolsuper FROM pg_roles WHERE rolname = current_user')
      return rows[0].rolsuper
    } finally {
      await client.end()
    }
  }
  expect([await login('api@p.iam'), await login('ann', 'secret')]).toEqual([false, false])
  await expect(login('ann', 'wrong')).rejects.toThrow('password authentication failed')
  await expect(login('cloudsqladmin', 'guess')).rejects.toThrow('password authentication failed')
  const {items} = await cloud.call<{items: {name: string}[]}>('GET', users)
  expect(items.map(({name}) => name)).toEqual(['ann', 'api@p.iam', 'postgres'])
})

test('the proxy’s sessions survive a crash of the primary by reconnecting to the same address', async () => {
  const {a} = await pair(false)
  await cloud.done('POST', `${API}/instances/${a}/users`, {name: 'api@p.iam', type: 'CLOUD_IAM_SERVICE_ACCOUNT'})
  const port = await openPorts(join(cloud.dir, 'proxy-ports.json')).claim('proxy')
  const proxy = await startAuthProxy({
    args: [`${PROJECT}:${US}:${a}?port=5432`],
    portOf: () => port,
    googleapis: cloud.url,
    log: () => {},
  })
  onTestFinished(() => proxy.close())
  const ask = async () => {
    const client = new pg.Client({host: '127.0.0.1', port, user: 'api@p.iam', database: 'postgres'})
    client.on('error', () => {})
    await client.connect()
    await client.query('SELECT 1')
    return client
  }
  const before = await ask()
  process.kill(postmasterOf(US, a), 'SIGKILL')
  const after = await ask()
  await Promise.allSettled([before.end(), after.end()])
})

test('psql connects', async ({skip}) => {
  skip(!(await has('psql')), 'psql is not installed on this machine')
  const {a} = await pair(false)
  const {port} = await observed(a)
  await cloud.done('POST', `${API}/instances/${a}/users`, {name: 'ann', password: 'secret'})
  const args = ['-h', '127.0.0.1', '-p', String(port), '-U', 'ann', '-d', 'postgres', '-Atc', 'SELECT 6 * 7']
  const {stdout} = await run('psql', args, {env: {...process.env, PGPASSWORD: 'secret'}})
  expect(stdout.trim()).toBe('42')
})

test('gcloud lists, describes, promotes and switches over', async ({skip}) => {
  skip(!(await has('gcloud')), 'gcloud is not installed on this machine')
  const {a, b} = await pair()
  const gcloud = async (...args: string[]) => {
    const env = {
      ...process.env,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL: `${cloud.url}/`,
      CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_PROJECT: PROJECT,
    }
    return (await run('gcloud', ['sql', 'instances', ...args], {env})).stdout
  }
  expect(JSON.parse(await gcloud('list', '--format=json', `--filter=name:(${a} ${b})`))).toHaveLength(2)
  await gcloud('patch', a, `--failover-dr-replica-name=${b}`)
  await gcloud('switchover', b)
  expect(JSON.parse(await gcloud('describe', a, '--format=json'))).toMatchObject({
    masterInstanceName: `${PROJECT}:${b}`,
  })
  await gcloud('promote-replica', a)
  expect(await observed(a)).toMatchObject({role: 'primary', timeline: 3})
})
