/** One error class and one table of codes. Every failure that reaches a person goes through here. */

/** exit: the process's exit code (DESIGN §9). blame: whose move it is. means: for docs/errors.md, which is made from this. */
export const ERROR_CODES = {
  USAGE: {exit: 64, blame: 'you', means: 'the command line is wrong'},
  CONFIG_NOT_FOUND: {exit: 65, blame: 'you', means: 'there is no ha.yaml, or it cannot be read'},
  CONFIG_INVALID: {exit: 65, blame: 'you', means: 'ha.yaml has problems; each is told with its place'},
  PLAN_DECLINED: {exit: 3, blame: 'you', means: 'a question was answered with no'},
  PLAN_NEEDS_ANSWER: {exit: 64, blame: 'you', means: 'something must be asked and there is no terminal'},
  PLAN_STALE: {exit: 1, blame: 'you', means: 'something moved since the plan was saved'},
  PLAN_UNSAFE: {exit: 1, blame: 'you', means: 'the plan would lose data that was not named'},
  PLAN_DOWNGRADES: {
    exit: 1,
    blame: 'you',
    means: 'the plan would lower availability, and that was not accepted by name',
  },
  TARGET_UNSUPPORTED: {exit: 64, blame: 'you', means: 'this version cannot do that on this target'},
  DESTINATION_EXISTS: {exit: 1, blame: 'you', means: 'files would have been overwritten'},
  NODE_TOO_OLD: {exit: 69, blame: 'machine', means: 'this Node is too old'},
  ENGINE_UNAVAILABLE: {exit: 69, blame: 'machine', means: 'there is no Pulumi engine and no way to one'},
  ENGINE_SILENT: {exit: 1, blame: 'engine', means: 'the engine said nothing for too long'},
  ENGINE_CRASHED: {exit: 1, blame: 'engine', means: 'the engine ended without a result'},
  STACK_FAILED: {exit: 1, blame: 'cloud', means: 'a stack could not be made as planned'},
  EMULATOR_UNAVAILABLE: {exit: 69, blame: 'machine', means: 'the local cloud does not start, end or answer'},
  POSTGRES_UNAVAILABLE: {exit: 69, blame: 'machine', means: 'PostgreSQL cannot be run on this machine'},
  PORT_TAKEN: {exit: 69, blame: 'machine', means: 'another program listens on a port that is needed'},
  DISK_FULL: {exit: 69, blame: 'machine', means: 'the disk is full'},
  FOLDER_CLOSED: {exit: 69, blame: 'machine', means: 'a folder or file that is needed may not be written or read'},
  CREDENTIALS_MISSING: {
    exit: 69,
    blame: 'you',
    means: 'there are no credentials for Google Cloud, or they were refused',
  },
  TOOL_MISSING: {exit: 69, blame: 'machine', means: 'a program that is needed is not installed'},
  CLOUD_UNREACHABLE: {exit: 69, blame: 'cloud', means: 'the cloud does not answer'},
  CLOUD_REFUSED: {exit: 1, blame: 'cloud', means: 'the cloud answered no'},
  ROLES_DISAGREE: {exit: 1, blame: 'cloud', means: 'what is recorded of the primary is not what is seen'},
  LOCK_HELD: {exit: 75, blame: 'you', means: 'another run is at work on this environment'},
  LOCK_LOST: {exit: 1, blame: 'machine', means: 'another run put this one aside'},
  STORE_CONFLICT: {exit: 1, blame: 'machine', means: 'two runs wrote the same document'},
  STORE_UNREACHABLE: {exit: 69, blame: 'cloud', means: 'the bucket that keeps the state does not answer, or refuses'},
  STORE_CORRUPT: {exit: 1, blame: 'machine', means: 'recorded state is damaged'},
  NOT_DEPLOYED: {exit: 1, blame: 'you', means: 'what was asked about is not deployed'},
  OPERATION_UNCHANGED: {exit: 18, blame: 'cloud', means: 'the operation failed or was not begun; nothing changed'},
  OPERATION_INCOMPLETE: {exit: 22, blame: 'cloud', means: 'the operation is unfinished; the service is up'},
  OPERATION_OPEN: {exit: 1, blame: 'you', means: 'an operation was left in the middle'},
  REGION_SILENT: {exit: 22, blame: 'cloud', means: 'a region does not answer; everything else was deployed'},
  WORKLOAD_UNHEALTHY: {exit: 1, blame: 'you', means: 'deployed, but not all of it serves'},
  MIGRATION_FAILED: {exit: 1, blame: 'you', means: 'the database migration failed'},
  TIMED_OUT: {exit: 1, blame: 'cloud', means: 'something took longer than its deadline'},
  INTERRUPTED: {exit: 130, blame: 'you', means: 'ended by Ctrl-C or a signal'},
  BUG: {exit: 70, blame: 'ha', means: 'a mistake of ha itself'},
} as const satisfies Record<string, {exit: number; blame: 'you' | 'machine' | 'engine' | 'cloud' | 'ha'; means: string}>

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

const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** How the system, Go, PostgreSQL and SQLite tell of a disk without room. */
export const DISK_FULL_WORDS = /no space left on device|ENOSPC|disk quota exceeded|database or disk is full/i

/** Of an error, or of a program's words. */
export const isDiskFull = (thrown: unknown): boolean =>
  (thrown as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC' || DISK_FULL_WORDS.test(wordsOf(thrown))

const FREE_SOME = 'Free some space and run the same command again; nothing was lost.'

/** `message`: one sentence that says what could not be written. */
export const diskFull = (message: string, cause?: unknown, next = FREE_SOME): HaError =>
  new HaError('DISK_FULL', message, {cause, next: [next]})

/** Any thrown value as an HaError; what is not one of ours is a bug of ours, its stack kept as the cause. */
export function asHaError(thrown: unknown): HaError {
  if (thrown instanceof HaError) return thrown
  if (isDiskFull(thrown)) return diskFull(`The disk is full: ${wordsOf(thrown)}`, thrown)
  const {code = '', path, syscall} = (thrown ?? {}) as NodeJS.ErrnoException
  // Node words a read-only file system so when it makes several folders at once.
  const isUnmakeable = code === 'ENOENT' && syscall === 'mkdir'
  if (path !== undefined && (isUnmakeable || /^(EACCES|EROFS|EPERM)$/.test(code))) {
    return new HaError(
      'FOLDER_CLOSED',
      `${path} cannot be ${isUnmakeable ? 'made' : 'used'}: it may not be written or read.`,
      {
        cause: thrown,
        next: ['Work in a folder of your own, or change what may be done in this one.'],
      },
    )
  }
  return new HaError('BUG', wordsOf(thrown), {
    cause: thrown,
    next: ['Run it again with --verbose and report what it prints.'],
  })
}
