/** One error class and one table of codes. Every failure that reaches a person goes through here. */

/** exit: the process's exit code (DESIGN §9). blame: whose move it is. */
export const ERROR_CODES = {
  USAGE: {exit: 64, blame: 'you'},
  CONFIG_NOT_FOUND: {exit: 65, blame: 'you'},
  CONFIG_INVALID: {exit: 65, blame: 'you'},
  PLAN_DECLINED: {exit: 3, blame: 'you'},
  PLAN_NEEDS_ANSWER: {exit: 64, blame: 'you'},
  PLAN_STALE: {exit: 1, blame: 'you'},
  PLAN_UNSAFE: {exit: 1, blame: 'you'},
  TARGET_UNSUPPORTED: {exit: 64, blame: 'you'},
  DESTINATION_EXISTS: {exit: 1, blame: 'you'},
  NODE_TOO_OLD: {exit: 69, blame: 'machine'},
  ENGINE_UNAVAILABLE: {exit: 69, blame: 'machine'},
  ENGINE_SILENT: {exit: 1, blame: 'engine'},
  ENGINE_CRASHED: {exit: 1, blame: 'engine'},
  STACK_FAILED: {exit: 1, blame: 'cloud'},
  EMULATOR_UNAVAILABLE: {exit: 69, blame: 'machine'},
  POSTGRES_UNAVAILABLE: {exit: 69, blame: 'machine'},
  PORT_TAKEN: {exit: 69, blame: 'machine'},
  DISK_FULL: {exit: 69, blame: 'machine'},
  CLOUD_UNREACHABLE: {exit: 69, blame: 'cloud'},
  CLOUD_REFUSED: {exit: 1, blame: 'cloud'},
  ROLES_DISAGREE: {exit: 1, blame: 'cloud'},
  LOCK_HELD: {exit: 75, blame: 'you'},
  LOCK_LOST: {exit: 1, blame: 'machine'},
  STORE_CONFLICT: {exit: 1, blame: 'machine'},
  STORE_CORRUPT: {exit: 1, blame: 'machine'},
  NOT_DEPLOYED: {exit: 1, blame: 'you'},
  WORKLOAD_UNHEALTHY: {exit: 1, blame: 'you'},
  MIGRATION_FAILED: {exit: 1, blame: 'you'},
  TIMED_OUT: {exit: 1, blame: 'cloud'},
  INTERRUPTED: {exit: 130, blame: 'you'},
  BUG: {exit: 70, blame: 'ha'},
} as const satisfies Record<string, {exit: number; blame: 'you' | 'machine' | 'engine' | 'cloud' | 'ha'}>

export type ErrorCode = keyof typeof ERROR_CODES

export interface HaErrorOptions {
  /** What to type or do next; each entry one sentence or command. */
  readonly next?: readonly string[]
  readonly cause?: unknown
  /** Machine-readable particulars, shown with `--json`. Never a secret. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** What happened (`message`), whose move it is (the code's `blame`) and what to type next (`next`). */
export class HaError extends Error {
  override readonly name = 'HaError'
  readonly code: ErrorCode
  readonly next: readonly string[]
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: HaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : {cause: options.cause})
    this.code = code
    this.next = options.next ?? []
    this.data = options.data ?? {}
  }

  get exit(): number {
    return ERROR_CODES[this.code].exit
  }
}

/** Any thrown value as an HaError; what is not one of ours is a bug of ours, its stack kept as the cause. */
export function asHaError(thrown: unknown): HaError {
  if (thrown instanceof HaError) return thrown
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC') {
    return new HaError('DISK_FULL', `The disk is full: ${thrown.message}`, {
      cause: thrown,
      next: ['Free some space and run the same command again; nothing was lost.'],
    })
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new HaError('BUG', message, {cause: thrown, next: ['Run it again with --verbose and report what it prints.']})
}
