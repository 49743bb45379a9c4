/** One backend service at work: its endpoints kept in step with the records, and the choice among them. */
import type {EmulatorClock} from '../../clock.ts'
import type {ServiceConfig} from './config.ts'
import {Endpoint} from './endpoint.ts'
import {type CandidateGroup, NO_TURNS, pick} from './pick.ts'
import type {Probe} from './probe.ts'

export interface Group extends CandidateGroup<Endpoint> {
  readonly zone: string
}

export class Backend {
  config: ServiceConfig
  groups: readonly Group[] = []
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #leaving = new Set<Endpoint>()
  #turns = NO_TURNS
  readonly #time: EmulatorClock
  readonly #probe: Probe

  constructor(config: ServiceConfig, recovered: boolean, time: EmulatorClock, probe: Probe) {
    this.config = config
    this.#time = time
    this.#probe = probe
    this.apply(config, recovered)
  }

  /** Attaches, detaches, drains; what did not change is not touched. */
  apply(config: ServiceConfig, recovered = false): void {
    const restart = config.secure !== this.config.secure
    this.config = config
    const wanted = new Set<string>()
    this.groups = config.groups.map((group) => {
      const candidates = group.endpoints.map((address) => {
        const key = `${group.id} ${address.ipAddress}:${address.port}`
        wanted.add(key)
        const known = restart ? undefined : this.#endpoints.get(key)
        if (known === undefined) this.#leave(key)
        const endpoint = known ?? new Endpoint(address, group, config, recovered, this.#time, this.#probe)
        this.#endpoints.set(key, endpoint)
        endpoint.check(config.check)
        if (group.scaler === 0) endpoint.drain(config.drainMs)
        else endpoint.undrain()
        return endpoint
      })
      return {id: group.id, zone: group.zone, region: group.region, scaler: group.scaler, rate: group.rate, candidates}
    })
    for (const key of this.#endpoints.keys()) if (!wanted.has(key)) this.#leave(key)
  }

  /** The endpoint for a request; one that was `tried` is not taken again. undefined: nobody can serve. */
  choose(clientRegion: string | undefined, tried?: ReadonlySet<Endpoint>): Endpoint | undefined {
    const preference = {locality: this.config.locality, clientRegion}
    if (tried === undefined || tried.size === 0) {
      const {choice, turns} = pick(this.groups, preference, this.#turns)
      this.#turns = turns
      return choice ?? this.#lastResort(tried)
    }
    const groups = this.groups.map((group) => ({
      ...group,
      candidates: group.candidates.map((endpoint) => ({
        endpoint,
        usable: endpoint.usable && !tried.has(endpoint),
        inFlight: endpoint.inFlight,
      })),
    }))
    const {choice, turns} = pick(groups, preference, this.#turns)
    this.#turns = turns
    return choice?.endpoint ?? this.#lastResort(tried)
  }

  /** Healthy by its checks, though ejected: better than no answer. */
  #lastResort(tried: ReadonlySet<Endpoint> | undefined): Endpoint | undefined {
    for (const group of this.groups) {
      if (group.scaler === 0) continue
      const found = group.candidates.find((endpoint) => endpoint.healthy && tried?.has(endpoint) !== true)
      if (found !== undefined) return found
    }
    return undefined
  }

  judge(endpoint: Endpoint, failed: boolean): void {
    endpoint.judge(failed, this.config.outliers, () => {
      const all = [...this.#endpoints.values()]
      return {ejected: all.filter((one) => one.ejected).length, total: all.length}
    })
  }

  #leave(key: string): void {
    const endpoint = this.#endpoints.get(key)
    if (endpoint === undefined) return
    this.#endpoints.delete(key)
    this.#leaving.add(endpoint)
    void endpoint.leave(this.config.drainMs).then(() => this.#leaving.delete(endpoint))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#endpoints.values(), ...this.#leaving].map((endpoint) => endpoint.destroy()))
    this.#endpoints.clear()
    this.groups = []
  }
}
