/**
 * Probes: https://kubernetes.io/docs/concepts/workloads/pods/probes/. Every check is a new connection, as the kubelet's are.
 */
import {request} from 'node:http'
import {request as requestTls} from 'node:https'
import {connect} from 'node:net'
import type {Json} from '../../api/store.ts'

export interface Outcome {
  readonly ok: boolean
  /** Why it failed, as the kubelet words it. */
  readonly message: string
}

export interface ProbeTarget {
  /** Host port of a container port, by number or name. */
  portOf(port: string | number): number
  exec(command: readonly string[], timeoutMs: number): Promise<{readonly code: number; readonly output: string}>
}

export interface ProbeListener {
  /** successThreshold checks in a row succeeded. */
  healthy(): void
  /** failureThreshold checks in a row failed. */
  unhealthy(message: string): void
  /** Each failed check. */
  failed(message: string): void
}

/** How often a port that is not open yet is tried before the first check. */
const PORT_POLL_MS = 100

/** Begins after initialDelaySeconds and goes on every periodSeconds until the returned function is called. */
export function runProbe(probe: Json, target: ProbeTarget, listener: ProbeListener): () => void {
  const period = (probe.periodSeconds ?? 10) * 1000
  let successes = 0
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function check(next: number) {
    const began = performance.now()
    const outcome = await checkOnce(probe, target)
    if (stopped) return
    if (outcome.ok) {
      failures = 0
      if (++successes === (probe.successThreshold ?? 1)) listener.healthy()
    } else {
      successes = 0
      failures += 1
      listener.failed(outcome.message)
      if (failures === (probe.failureThreshold ?? 3)) listener.unhealthy(outcome.message)
    }
    if (!stopped) timer = setTimeout(() => check(period), Math.max(0, next - (performance.now() - began)))
  }

  /** Within the first period any moment is as good: the one when the port opens finds the container ready soonest. */
  async function first() {
    const port = (probe.httpGet ?? probe.tcpSocket ?? probe.grpc)?.port
    const end = performance.now() + period
    while (port !== undefined && !stopped && !(await opens(target.portOf(port))) && performance.now() < end) {
      await new Promise((done) => {
        timer = setTimeout(done, PORT_POLL_MS)
      })
    }
    // The second check comes a little earlier, by chance: pods that started together are not all probed together.
    if (!stopped) await check(period * (0.5 + Math.random() / 2))
  }

  timer = setTimeout(first, (probe.initialDelaySeconds ?? 0) * 1000)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

export function checkOnce(probe: Json, target: ProbeTarget): Promise<Outcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  if (probe.exec) return checkExec(probe.exec.command, target, timeoutMs)
  if (probe.httpGet) return checkHttp(probe.httpGet, target, timeoutMs)
  return checkTcp(target.portOf((probe.tcpSocket ?? probe.grpc).port), timeoutMs)
}

async function checkExec(command: readonly string[], target: ProbeTarget, timeoutMs: number): Promise<Outcome> {
  const {code, output} = await target.exec(command, timeoutMs)
  return {ok: code === 0, message: output}
}

/** Any answer from 200 to 399 is a success. Also used for preStop hooks. */
export function checkHttp(get: Json, target: ProbeTarget, timeoutMs: number): Promise<Outcome> {
  const scheme = get.scheme === 'HTTPS' ? 'https' : 'http'
  const url = `${scheme}://127.0.0.1:${target.portOf(get.port)}${get.path ?? '/'}`
  const headers = Object.fromEntries((get.httpHeaders ?? []).map(({name, value}: Json) => [name, value]))
  return new Promise((done) => {
    const fail = (reason: string) => done({ok: false, message: `Get "${url}": ${reason}`})
    const options = {
      agent: false as const,
      rejectUnauthorized: false,
      headers: {'user-agent': 'kube-probe/1.33', connection: 'close', ...headers},
    }
    const sent = (scheme === 'https' ? requestTls : request)(url, options, (response) => {
      clearTimeout(timer)
      const status = response.statusCode ?? 0
      response.resume()
      response.on('error', () => {})
      done({ok: status >= 200 && status < 400, message: `HTTP probe failed with statuscode: ${status}`})
    })
    const timer = setTimeout(() => {
      fail('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')
      sent.destroy()
    }, timeoutMs)
    sent.on('error', (error) => {
      clearTimeout(timer)
      fail(error.message)
    })
    sent.end()
  })
}

function checkTcp(port: number, timeoutMs: number): Promise<Outcome> {
  return new Promise((done) => {
    const socket = connect({port, host: '127.0.0.1', timeout: timeoutMs})
    const end = (ok: boolean, reason: string) => {
      socket.destroy()
      done({ok, message: `dial tcp 127.0.0.1:${port}: ${reason}`})
    }
    socket.once('connect', () => end(true, ''))
    socket.once('timeout', () => end(false, 'i/o timeout'))
    socket.once('error', (error) => end(false, error.message))
  })
}

const opens = async (port: number): Promise<boolean> => (await checkTcp(port, 1_000)).ok
