/** A plan: what will be done, in order, decided before anything happens and never changed. Plain JSON. */

/** What each kind of step is told. */
export interface StepInputs {
  /** An on-demand backup of the primary, so that even a mistake of ours can be undone. */
  'take-backup': {readonly instance: string}
  /** A row with the coming epoch, written by the old primary; the new one must have it. */
  'write-fence': {readonly primary: string; readonly replica: string; readonly epoch: number}
  /** The gates are made to look often, so that the hold reaches all of them at once. */
  'wake-gates': {readonly instance: string; readonly epoch: number}
  /** No transaction begins any more. `wokenAt`: id of the step since which gates look often. */
  'hold-writers': {readonly instance: string; readonly epoch: number; readonly wokenAt: string}
  /** What belongs to the old epoch counts no more, before there is anything new. */
  'raise-epoch': {readonly epoch: number}
  /** Writers pass to this primary. */
  'pass-writers': {readonly instance: string; readonly epoch: number}
  'move-record': {readonly record: string; readonly to: string; readonly back?: string}
  /** The old primary stops: no session survives, no write is taken, what it wrote is sent to its replica first. */
  'stop-primary': {readonly instance: string; readonly replica: string}
  /** The replica has replayed the old primary's last record. */
  'await-last-record': {readonly replica: string; readonly primary: string}
  'await-replay': {readonly replica: string}
  promote: {
    readonly instance: string
    readonly old: string
    readonly oldRegion: string
    readonly failover: boolean
    readonly epoch: number
  }
  switchover: {readonly instance: string; readonly old: string}
  'verify-primary': {
    readonly instance: string
    readonly old: string
    readonly timeline: number
    readonly epoch: number
    readonly fenced: boolean
  }
  /** `back`: what it was before, where that can be taken back. */
  'record-roles': {readonly change: RolesChange; readonly back?: RolesChange}
  /** `back`: the share it had before, to be given again. */
  'set-share': {
    readonly region: string
    readonly backends: readonly string[]
    readonly share: number
    readonly back?: number
  }
  'await-healthy': {readonly region: string; readonly backends: readonly string[]}
  replicate: {readonly instance: string; readonly region: string; readonly primary: string; readonly like: string}
  protect: {readonly instance: string; readonly availability: string; readonly recoveryDays: number}
  /** What was backed up can be recovered to any moment. */
  'await-recovery': {readonly instance: string}
  'fence-old': {readonly instance: string; readonly region: string; readonly epoch: number}
  /** What was acknowledged while it may have been lost is delivered again; milliseconds since the epoch. */
  redeliver: {readonly subscriptions: readonly string[]; readonly since: number; readonly now: number}
  'capture-divergence': {
    readonly instance: string
    readonly primary: string
    readonly region: string
    readonly database: string
  }
  'return-region': {readonly region: string; readonly generation: number}
  soak: {readonly replica: string; readonly seconds: number}
  /** `leave`: stacks and steps that differed from ha.yaml before; a deploy is asked for what it does to them, an operation is not. */
  reconcile: {readonly leave?: readonly string[]}
}

export type StepKind = keyof StepInputs

/** What becomes of the recorded roles; what is not named stays. */
export interface RolesChange {
  readonly epoch?: number
  readonly primary?: string
  readonly generations?: Readonly<Record<string, number>>
  readonly lost?: readonly string[]
  readonly drained?: readonly string[]
}

export type Step = {
  [K in StepKind]: {
    /** Unique in its plan. */
    readonly id: string
    readonly kind: K
    /** For people, as an imperative sentence without a full stop. */
    readonly title: string
    readonly region?: string
    /** What must be true for the step to count as done. */
    readonly verifies: string
    /** How it is taken back; undefined: nothing to take back. */
    readonly undo?: string
    /** From here on there is only forward. */
    readonly pointOfNoReturn?: true
    readonly input: StepInputs[K]
  }
}[StepKind]

export type Procedure = 'switchover' | 'failover' | 'failback' | 'evacuation'

export interface Plan {
  readonly procedure: Procedure
  readonly from: string
  readonly to: string
  /** Of the roles it was made from; it is refused when they moved. */
  readonly epoch: number
  /** Unplanned: how much of the last writes may be missing, as far as it can be told; seconds. */
  readonly lossBoundSeconds?: number
  /** Why it is carried out although something speaks for waiting, in the operator's words. */
  readonly despite?: string
  readonly steps: readonly Step[]
}

/** Index of the step after which nothing can be taken back; the number of steps when there is none. */
export const pointOfNoReturn = ({steps}: Plan): number => {
  const index = steps.findIndex((step) => step.pointOfNoReturn)
  return index < 0 ? steps.length : index
}

export const recordRoles = (id: string, title: string, change: RolesChange): Extract<Step, {kind: 'record-roles'}> => ({
  id,
  kind: 'record-roles',
  title,
  verifies: 'the store says so',
  input: {change},
})
