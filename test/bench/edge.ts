/**
 * The emulated load balancer beside its own backend, in one run: `node test/bench/edge.ts [seconds] [connections]`.
 * Three processes: this one sends requests; one is the backend; one is the load balancer. Small responses, keep-alive.
 * Prints JSON: requests per second, latency in ms, the load balancer's CPU per request and memory. Emulated figures.
 */
import {type ChildProcess, fork} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {Pool} from 'undici'

interface Usage {
  readonly cpuMicros: number
  readonly rssBytes: number
}

const file = fileURLToPath(import.meta.url)

async function backend(): Promise<void> {
  const {openUpstream} = await import('../emulator/compute/world.ts')
  const body = JSON.stringify({booking: 'b-1', nights: 3, guest: 'x'.repeat(120)})
  const up = await openUpstream(
    (_request, response) => void response.setHeader('content-type', 'application/json').end(body),
  )
  process.send?.({port: up.port})
}

async function edge(port: number): Promise<void> {
  const {allHealthy, openBench, openEdge, until} = await import('../emulator/compute/world.ts')
  const bench = await openBench()
  const url = await openEdge(bench, {zones: {'us-east1-b': [port]}, service: {localityLbPolicy: 'LEAST_REQUEST'}})
  await until(bench, allHealthy)
  process.on('message', () => {
    const {user, system} = process.cpuUsage()
    process.send?.({cpuMicros: user + system, rssBytes: process.memoryUsage.rss()} satisfies Usage)
  })
  process.send?.({url})
}

const heard = async <T>(child: ChildProcess): Promise<T> => (await once(child, 'message'))[0] as T

async function load(url: string, seconds: number, connections: number) {
  const pool = new Pool(url, {connections, pipelining: 1})
  const latencies: number[] = []
  let errors = 0
  const end = performance.now() + seconds * 1000
  const worker = async () => {
    while (performance.now() < end) {
      const started = performance.now()
      const {statusCode, body} = await pool.request({path: '/bookings', method: 'GET'})
      await body.dump()
      latencies.push(performance.now() - started)
      if (statusCode !== 200) errors += 1
    }
  }
  await Promise.all(Array.from({length: connections}, worker))
  await pool.close()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
  return {
    requests: latencies.length,
    perSecond: Math.round(latencies.length / seconds),
    p50: at(0.5),
    p99: at(0.99),
    errors,
  }
}

async function compare(seconds: number, connections: number): Promise<void> {
  const behind = fork(file, ['backend'])
  const children = [behind]
  try {
    const {port} = await heard<{port: number}>(behind)
    const front = fork(file, ['edge', String(port)])
    children.push(front)
    const {url} = await heard<{url: string}>(front)
    const usage = () => {
      const answer = heard<Usage>(front)
      front.send('usage')
      return answer
    }
    await load(url, 1, connections)
    await sleep(200)
    const idle = await usage()
    // Turn about, so that a busy neighbour weighs on both.
    const rounds = []
    for (let round = 0; round < 3; round++) {
      const before = await usage()
      const through = await load(url, seconds / 3, connections)
      const after = await usage()
      const direct = await load(`http://127.0.0.1:${port}`, seconds / 3, connections)
      rounds.push({
        through,
        direct,
        cpuMicrosPerRequest: Math.round((after.cpuMicros - before.cpuMicros) / through.requests),
      })
    }
    const last = await usage()
    const median = rounds.toSorted((a, b) => a.cpuMicrosPerRequest - b.cpuMicrosPerRequest)[1]!
    const summary = {
      connections,
      ...median,
      ratio: Number((median.through.perSecond / median.direct.perSecond).toFixed(2)),
      p50OverheadMs: Number((median.through.p50 - median.direct.p50).toFixed(2)),
      requestsPerCoreSecond: Math.round(1e6 / median.cpuMicrosPerRequest),
      rssMiB: {afterWarmUp: Math.round(idle.rssBytes / 2 ** 20), atEnd: Math.round(last.rssBytes / 2 ** 20)},
    }
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`)
  } finally {
    for (const child of children) child.kill()
  }
}

const [role, argument] = process.argv.slice(2)
if (role === 'backend') await backend()
else if (role === 'edge') await edge(Number(argument))
else await compare(Number(role ?? 6), Number(argument ?? 8))
