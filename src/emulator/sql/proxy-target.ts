/** Where a proxy's sessions lead: a name followed to an instance, and the instance to its address. */
import {fetchJson, HttpError} from '../http.ts'
import type {ProxyInstance} from './proxy-args.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Target {
  readonly connectionName: string
  /** Undefined: there is no such instance. */
  readonly address?: Address
}

export interface Follower {
  /** As known last; undefined before the first answer, and when the name holds nothing. */
  current(): Target | undefined
  /** Asks now, as every new session does; whoever asks meanwhile is given the same answer. */
  refresh(): Promise<Target | undefined>
  stop(): void
}

export interface FollowOptions {
  readonly instance: ProxyInstance['target']
  readonly googleapis: string
  /** A domain name is asked for anew this often; the real proxy's failoverPeriod is 30 s. */
  readonly periodMs: number
  /** When another instance is named than before, or none. */
  onMove(from: Target, to: Target | undefined): void
}

const DEADLINE_MS = 1_000

/**
 * Open sessions are looked after every period, as https://github.com/GoogleCloudPlatform/cloud-sql-go-connector does it
 * (monitored_cache.go). Unlike there, a new one goes where the name leads by now, and what is known stays when nobody answers.
 */
export function follow({instance, googleapis, periodMs, onMove}: FollowOptions): Follower {
  let current: Target | undefined
  let asking: Promise<Target | undefined> | undefined

  const ask = async () => {
    try {
      const next = await resolve(googleapis, instance)
      const before = current
      current = next
      if (before && before.connectionName !== next?.connectionName) onMove(before, next)
    } catch {
      // The directory is out of reach; the databases may not be.
    }
    asking = undefined
    return current
  }
  const refresh = () => {
    asking ??= ask()
    return asking
  }
  const timer = 'domain' in instance ? setInterval(refresh, periodMs) : undefined
  timer?.unref()
  return {current: () => current, refresh, stop: () => clearInterval(timer)}
}

async function resolve(googleapis: string, instance: ProxyInstance['target']): Promise<Target | undefined> {
  const connectionName = 'domain' in instance ? await namedBy(googleapis, instance.domain) : instance.connectionName
  if (connectionName === undefined) return undefined
  const address = await page<Address>(
    `${googleapis}/emulator/v1/sql/resolve?connectionName=${encodeURIComponent(connectionName)}`,
  )
  return {connectionName, ...(address ? {address} : {})}
}

async function namedBy(googleapis: string, domain: string): Promise<string | undefined> {
  const name = domain.endsWith('.') ? domain : `${domain}.`
  const answer = await page<{rrdatas: readonly string[]}>(`${googleapis}/emulator/v1/dns/resolve?name=${name}&type=TXT`)
  return answer?.rrdatas[0]?.replace(/^"|"$/g, '')
}

/** Undefined for 404. */
async function page<T>(url: string): Promise<T | undefined> {
  try {
    return await fetchJson<T>(url, {deadlineMs: DEADLINE_MS})
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return undefined
    throw error
  }
}
