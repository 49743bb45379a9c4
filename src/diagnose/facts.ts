/** What `ha doctor` looks at, as plain facts: observed by `probe.ts`, judged by `checks.ts`. */

import type {Target} from '../config/config.ts'

/** `bad`: something needed is missing. `warn`: works, but look at it. */
export type Verdict = 'ok' | 'warn' | 'bad'

export interface Check {
  readonly name: string
  readonly verdict: Verdict
  /** What was found, one line. */
  readonly what: string
  /** What to type or do. */
  readonly next: readonly string[]
}

export interface MachineFacts {
  /** As `process.version` has it. */
  readonly node: string
  readonly platform: string
  readonly arch: string
  readonly engine: EngineFacts
  readonly postgres: PostgresFacts
  readonly disk: {readonly path: string; readonly freeBytes: number; readonly writable: boolean}
  readonly memory: {readonly availableBytes: number}
  /** Version lines of programs for looking closer; undefined: not installed. */
  readonly tools: {
    readonly kubectl: string | undefined
    readonly psql: string | undefined
    /** What the engine signs in to Google's clusters with. */
    readonly signIn: string | undefined
  }
}

export interface EngineFacts {
  readonly version: string
  readonly found?: {readonly path: string; readonly from: string}
  /** Looked at only when it was not found: why not, and which ways there are to get it. */
  readonly missing?: {
    readonly reasons: readonly string[]
    readonly canDownload: boolean
    /** `go version`'s line, when Go is there. */
    readonly go: string | undefined
    readonly canFetchSources: boolean
  }
}

export type PostgresFacts =
  | {
      readonly version: string
      /** Set when this is root: the account servers run as, since PostgreSQL refuses to run as root. */
      readonly uid?: number
      /** The first folder on the way that account may not enter. */
      readonly closed?: string
    }
  | {readonly problem: string}

export interface PortFacts {
  readonly port: number
  /** ha.yaml asks for exactly this one. */
  readonly asked: boolean
  readonly free: boolean
  readonly holder?: {readonly pid: number; readonly command: string}
  /** It is this environment's own load balancer that listens. */
  readonly ours: boolean
}

export interface ProjectFacts {
  readonly app: string
  readonly environment: string
  readonly target: Target
  readonly lock:
    | {readonly operation: string; readonly owner: string; readonly host: string; readonly dead: boolean}
    | undefined
  readonly emulator: 'ready' | 'silent' | 'off'
  /** Some of it was deployed. */
  readonly deployed: boolean
  /** Operations of the engine that an interrupted run left unfinished. */
  readonly pending: number
}

export interface Facts {
  readonly machine: MachineFacts
  readonly port: PortFacts
  /** undefined outside a project. */
  readonly project?: ProjectFacts | {readonly problem: string; readonly next: readonly string[]}
}
