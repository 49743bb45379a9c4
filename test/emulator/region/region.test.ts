/** The region's own program, started as the global process starts it. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdtempSync, rmSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {readJson} from '../../../src/emulator/files.ts'
import {fetchJson} from '../../../src/emulator/http.ts'
import {findByEnvironment} from '../../../src/emulator/process-table.ts'
import {endOrphansBelow} from '../../../src/emulator/processes.ts'

interface Seen {
  readonly url: string
  readonly pid: number
}
interface Pod {
  readonly status: {readonly containerStatuses: readonly {readonly ready: boolean; readonly restartCount: number}[]}
}

let dir: string
let google: Server
let child: ChildProcess
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ha-region-'))
  const images = [{image: 'shop/api:1', command: 'sleep 600', cwd: dir}]
  google = createServer((_, response) => response.end(JSON.stringify({images}))).listen(0, '127.0.0.1')
  await once(google, 'listening')
})
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    process.kill(-child.pid!, 'SIGKILL')
    await once(child, 'exit')
  }
  await endOrphansBelow(dir)
  google.closeAllConnections()
  google.close()
  rmSync(dir, {recursive: true, force: true})
})

async function start(): Promise<Seen> {
  const program = fileURLToPath(new URL('../../../src/emulator/region/main.ts', import.meta.url))
  const googleapis = `http://127.0.0.1:${(google.address() as {port: number}).port}`
  const flags = {
    region: 'us-east1',
    zones: 'us-east1-b,us-east1-c,us-east1-d',
    project: 'p',
    dir,
    emulator: dir,
    googleapis,
    pubsub: '127.0.0.1:1',
  }
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  child = spawn(process.execPath, [program, ...args], {detached: true, stdio: ['ignore', 'inherit', 'inherit']})
  return eventually(async () => {
    const seen = readJson<Seen>(join(dir, 'region.json'))
    return seen?.pid === child.pid ? seen : undefined
  })
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 10_000
  for (;;) {
    const value = await look()
    if (value !== undefined) return value
    if (performance.now() > end) throw new Error('It did not come to that.')
    await new Promise((done) => setTimeout(done, 20))
  }
}

async function deploy(url: string): Promise<string> {
  const {endpoint} = await fetchJson<{endpoint: string}>(`${url}/kubernetes/cluster`, {
    method: 'PUT',
    body: {name: 'c', project: 'p'},
  })
  await fetchJson(`${url}/kubernetes/nodes`, {
    method: 'PUT',
    body: {cluster: 'c', pool: 'p', machineType: 'e2-standard-4'},
  })
  const labels = {app: 'api'}
  const template = {metadata: {labels}, spec: {containers: [{name: 'api', image: 'shop/api:1'}]}}
  await fetchJson(`http://${endpoint}/apis/apps/v1/namespaces/default/deployments`, {
    method: 'POST',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {name: 'api'},
      spec: {replicas: 2, selector: {matchLabels: labels}, template},
    },
  })
  return endpoint
}

/** A kill may forget the last 100 ms of statuses, and with them a restart. */
const ready = (endpoint: string, restarts: readonly number[]) =>
  eventually(async () => {
    const {items} = await fetchJson<{items: Pod[]}>(`http://${endpoint}/api/v1/namespaces/default/pods`)
    const states = items.flatMap(({status}) => status.containerStatuses ?? [])
    return states.length === 2 && states.every((one) => one.ready && restarts.includes(one.restartCount))
      ? true
      : undefined
  })

const processes = () => findByEnvironment('EMULATED_PROCESS', `${dir}/`).length

test('a region that is stopped leaves no process, and comes back with its pods at the same address', async () => {
  const {url} = await start()
  const endpoint = await deploy(url)
  await ready(endpoint, [0])
  expect(processes()).toBe(2)
  process.kill(child.pid!, 'SIGTERM')
  await once(child, 'exit')
  expect(child.exitCode).toBe(0)
  expect([processes(), existsSync(join(dir, 'region.json'))]).toEqual([0, false])
  expect((await start()).url).toBe(url)
  expect(await fetchJson(`${url}/kubernetes/cluster`, {method: 'PUT', body: {name: 'c', project: 'p'}})).toEqual({
    endpoint,
  })
  await ready(endpoint, [1])
})

test.each([
  ['alone', 1],
  ['with its whole group', -1],
])('a region whose main process is killed %s starts over from disk', async (_, sign) => {
  const endpoint = await deploy((await start()).url)
  await ready(endpoint, [0])
  process.kill(sign * child.pid!, 'SIGKILL')
  await once(child, 'exit')
  await start()
  await ready(endpoint, [0, 1])
  expect(processes()).toBe(2)
})

test('a cluster that is deleted takes its pods along', async () => {
  const {url} = await start()
  const endpoint = await deploy(url)
  await ready(endpoint, [0])
  await fetchJson(`${url}/kubernetes/cluster?name=c`, {method: 'DELETE'})
  expect(processes()).toBe(0)
  expect(existsSync(join(dir, 'kubernetes'))).toBe(false)
  expect(await fetchJson(`${url}/kubernetes`)).toEqual({})
})

test('a region has one cluster, and says so', async () => {
  const {url} = await start()
  await deploy(url)
  const second = fetchJson(`${url}/kubernetes/cluster`, {method: 'PUT', body: {name: 'other', project: 'p'}})
  await expect(second).rejects.toMatchObject({
    status: 409,
    message: expect.stringContaining('has the cluster c already'),
  })
})
