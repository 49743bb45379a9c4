/** What an observer knows, as it serves it on `/facts` and everybody else reads it. Durations are milliseconds, ages are of the moment it is served. */

/** Something asked of a database: the last answer, how old it is, and since when there is none. */
export interface Known<T> {
  readonly value?: T
  /** Since the answer; absent when there never was one. */
  readonly ageMs?: number
  /** Present while it does not answer. */
  readonly failing?: {readonly forMs: number; readonly message: string}
}

export interface Standby {
  /** Absent where the role may not see it (`pg_monitor` may). */
  readonly name?: string
  readonly state?: string
  /** Bytes of WAL written at the primary and not replayed there. */
  readonly lagBytes?: number
}

/** What DATABASE_URL leads to. */
export interface PrimaryFacts {
  /** Differs between databases that do not descend from each other. */
  readonly systemId: string
  /** Whether it takes writes; a replica, or a fenced primary, does not. */
  readonly isWritable: boolean
  /** Of a writable server only. */
  readonly timeline?: number
  readonly lsn?: string
  readonly standbys: readonly Standby[]
}

/** What DATABASE_REPLICA_URL leads to: the region's own instance. */
export interface LocalFacts {
  readonly systemId: string
  readonly isReplica: boolean
  readonly receivedLsn?: string
  readonly replayedLsn?: string
  readonly isReplayPaused?: boolean
  /** Each region's last heartbeat as this instance holds it. */
  readonly heartbeats: readonly Heartbeat[]
}

export interface Heartbeat {
  readonly region: string
  /** The primary's clock when it was written, milliseconds since the epoch. */
  readonly at: number
  /** By this instance's clock. */
  readonly ageMs: number
  /** Where the primary's WAL stood. */
  readonly lsn: string
}

export interface Lag {
  /**
   * Seconds: age of the newest heartbeat less the second until the next is due, never below 0. An upper bound of what a promotion
   * now would lose, as far as the clocks agree.
   */
  readonly seconds: number
  /** Bytes between the primary's last known position and what is replayed here. */
  readonly bytes?: number
}

export interface PeerFacts {
  readonly region: string
  readonly url: string
  readonly isReachable: boolean
  /** HTTP status, or what went wrong. */
  readonly answer: string
  readonly ms: number
  /** How long it has been so. */
  readonly forMs: number
}

export interface CanaryFacts {
  readonly isWell: boolean
  readonly answer: string
  readonly ms: number
  readonly ageMs: number
}

export interface Facts {
  readonly version: 1
  readonly region: string
  /** ISO 8601, the observer's clock. */
  readonly at: string
  readonly upMs: number
  readonly primary: Known<PrimaryFacts>
  readonly local: Known<LocalFacts>
  /** Absent: this region's instance is the primary, or never held a heartbeat. */
  readonly lag?: Lag
  readonly peers: readonly PeerFacts[]
  readonly canaries: {readonly read?: CanaryFacts; readonly write?: CanaryFacts}
}
