/** One endpoint of one backend service while it is attached: its health, its standing, its connections. */
import {Pool} from 'undici'
import type {EmulatorClock} from '../../clock.ts'
import {KEEP_ALIVE} from '../limits.ts'
import type {CheckConfig, GroupConfig, OutlierConfig, ServiceConfig} from './config.ts'
import {GOOD_STANDING, isEjected, judge, type Pool as OutlierPool, type Standing} from './outliers.ts'
import {type Checker, type Health, observe, type Probe, startChecker} from './probe.ts'

/** A request that is being served; cut when draining has lasted long enough. */
export interface InFlight {
  cut(): void
}

export interface Place {
  readonly group: string
  readonly zone: string
  readonly region: string
}

export class Endpoint {
  readonly ipAddress: string
  readonly port: number
  readonly place: Place
  readonly pool: Pool
  readonly #active = new Set<InFlight>()
  #idle: (() => void) | undefined
  usable = false
  #health: Health
  #checker: Checker | undefined
  #check: CheckConfig | undefined
  #refused = false
  #standing: Standing = GOOD_STANDING
  #undrain: (() => void) | undefined
  #uneject: (() => void) | undefined
  readonly #time: EmulatorClock
  readonly #probe: Probe

  /** `recovered`: it was attached before the emulator restarted, so one passed check is enough. */
  constructor(
    address: {ipAddress: string; port: number},
    group: GroupConfig,
    config: ServiceConfig,
    recovered: boolean,
    time: EmulatorClock,
    probe: Probe,
  ) {
    this.ipAddress = address.ipAddress
    this.port = address.port
    this.place = {group: group.id, zone: group.zone, region: group.region}
    this.#time = time
    this.#probe = probe
    const host = address.ipAddress.includes(':') ? `[${address.ipAddress}]` : address.ipAddress
    this.pool = new Pool(`${config.secure ? 'https' : 'http'}://${host}:${address.port}`, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE.backendSec * 1000,
      keepAliveMaxTimeout: KEEP_ALIVE.backendSec * 1000,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {timeout: 5000, rejectUnauthorized: false},
    })
    this.#health = {healthy: false, streak: recovered ? (config.check?.healthyThreshold ?? 1) - 1 : 0}
    this.check(config.check)
  }

  get inFlight(): number {
    return this.#active.size
  }

  get healthy(): boolean {
    return this.#health.healthy
  }

  get ejected(): boolean {
    return this.#refused || isEjected(this.#standing, this.#time.monotonic())
  }

  /** Starts checking by other rules; without a check an endpoint counts as healthy. */
  check(check: CheckConfig | undefined): void {
    if (this.#checker !== undefined && JSON.stringify(check) === JSON.stringify(this.#check)) return
    this.#checker?.stop()
    this.#check = check
    if (check === undefined) {
      this.#checker = undefined
      this.#health = {healthy: true, streak: 0}
    } else {
      this.#checker = startChecker(check, this, this.#time, this.#probe, (passed) => {
        this.#health = observe(this.#health, passed, check)
        if (passed) this.#refused = false
        this.#settle()
      })
    }
    this.#settle()
  }

  /** It refused a connection: out of rotation until a check passes, which is made at once. */
  refuse(): void {
    if (this.#check === undefined) return
    this.#refused = true
    this.#settle()
    this.#checker?.now()
  }

  judge(failed: boolean, config: OutlierConfig | undefined, pool: () => OutlierPool): void {
    if (config === undefined || (!failed && this.#standing.errors === 0)) return
    const now = this.#time.monotonic()
    this.#standing = judge(this.#standing, failed, now, config, pool())
    if (!isEjected(this.#standing, now)) return
    this.#settle()
    this.#uneject?.()
    this.#uneject = this.#time.after(this.#standing.ejectedUntil - now + 1, () => this.#settle())
  }

  /** Lets what is in flight finish within `ms`, then cuts it. */
  drain(ms: number): void {
    this.#undrain ??= this.#time.after(ms, () => {
      for (const request of [...this.#active]) request.cut()
    })
  }

  undrain(): void {
    this.#undrain?.()
    this.#undrain = undefined
  }

  begin(request: InFlight): void {
    this.#active.add(request)
  }

  end(request: InFlight): void {
    this.#active.delete(request)
    if (this.#active.size === 0) this.#idle?.()
  }

  /** Detached: checked no more. Resolves when the last of its requests, WebSockets too, has finished or was cut. */
  async leave(ms: number): Promise<void> {
    this.#stop()
    this.drain(ms)
    await this.pool.close().catch(() => undefined)
    if (this.#active.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    this.undrain()
  }

  async destroy(): Promise<void> {
    this.#stop()
    this.undrain()
    for (const request of [...this.#active]) request.cut()
    await this.pool.destroy().catch(() => undefined)
  }

  #stop(): void {
    this.#checker?.stop()
    this.#uneject?.()
    this.usable = false
  }

  #settle(): void {
    this.usable = this.healthy && !this.ejected
  }
}
