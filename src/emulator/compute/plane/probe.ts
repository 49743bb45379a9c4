/** Active health checks: https://cloud.google.com/load-balancing/docs/health-check-concepts */
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type {EmulatorClock} from '../../clock.ts'
import type {CheckConfig} from './config.ts'

export interface Health {
  readonly healthy: boolean
  /** Results in a row that speak against the present state. */
  readonly streak: number
}

/** The state after one result: it turns when the threshold of contrary results is met. Pure. */
export function observe(
  health: Health,
  passed: boolean,
  check: Pick<CheckConfig, 'healthyThreshold' | 'unhealthyThreshold'>,
): Health {
  if (passed === health.healthy) return health.streak === 0 ? health : {...health, streak: 0}
  const streak = health.streak + 1
  const needed = health.healthy ? check.unhealthyThreshold : check.healthyThreshold
  return streak >= needed ? {healthy: passed, streak: 0} : {...health, streak}
}

export type Probe = (check: CheckConfig, target: {ipAddress: string; port: number}) => Promise<boolean>

/** Success is 200 (and the wanted start of the body) for HTTP, a connection for TCP. Never rejects. */
export const probe: Probe = (check, target) => {
  const port = check.port ?? target.port
  return check.protocol === 'TCP'
    ? connects(target.ipAddress, port, check.timeoutMs)
    : answers(check, target.ipAddress, port)
}

function connects(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({host, port})
    const finish = (passed: boolean) => {
      socket.destroy()
      resolve(passed)
    }
    socket.setTimeout(timeoutMs, () => finish(false))
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
  })
}

function answers(check: CheckConfig, host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const {request} = check.protocol === 'HTTPS' ? https : http
    const headers = {host: check.host ?? host, 'user-agent': 'GoogleHC/1.0', connection: 'close'}
    const options = {host, port, path: check.path, headers, agent: false as const, rejectUnauthorized: false}
    const outgoing = request({...options, signal: AbortSignal.timeout(check.timeoutMs)}, (answer) => {
      if (answer.statusCode !== 200 || check.response === '') {
        answer.resume()
        answer.once('error', () => undefined)
        return resolve(answer.statusCode === 200)
      }
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += text.length < 1024 ? chunk : ''
      })
      answer.once('end', () => resolve(text.startsWith(check.response)))
      answer.once('error', () => resolve(false))
    })
    outgoing.once('error', () => resolve(false))
    outgoing.end()
  })
}

export interface Checker {
  /** Probes now, unless a probe is on its way. */
  now(): void
  stop(): void
}

/** Probes at once and then every interval, until stopped. */
export function startChecker(
  check: CheckConfig,
  target: {ipAddress: string; port: number},
  time: EmulatorClock,
  send: Probe,
  told: (passed: boolean) => void,
): Checker {
  let cancel: (() => void) | undefined
  let busy = false
  let stopped = false

  const round = async () => {
    if (busy || stopped) return
    busy = true
    cancel?.()
    const started = time.monotonic()
    const passed = await send(check, target)
    busy = false
    if (stopped) return
    told(passed)
    cancel = time.after(Math.max(0, check.intervalMs - (time.monotonic() - started)), round)
  }

  void round()
  return {
    now: () => void round(),
    stop: () => {
      stopped = true
      cancel?.()
    },
  }
}
