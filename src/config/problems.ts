/** What is wrong with an ha.yaml: one record per fault, each with its own code and exact place. */

/** Every fault an ha.yaml can have, and what it means. Codes are stable; messages are not. */
export const PROBLEM_CODES = {
  FILE_EMPTY: 'the file holds no settings',
  FILE_TOO_LARGE: 'the file is larger than any real ha.yaml',
  FILE_TOO_DEEP: 'the file nests deeper than any real ha.yaml',
  FILE_NOT_TEXT: 'the file holds NUL bytes',
  FILE_NOT_A_MAP: 'the file is not a map of settings',
  YAML_SYNTAX: 'not YAML',
  YAML_TAG: 'a YAML tag, which ha.yaml has no use for',
  KEY_DUPLICATE: 'the same key twice in one map',
  KEY_NOT_TEXT: 'a key that is not plain text',
  KEY_UNKNOWN: 'a key ha does not know',
  KEY_MISSING: 'a key that must be there',
  KEY_MISPLACED: 'a key that belongs elsewhere',
  ALIAS_UNKNOWN: 'an alias without its anchor',
  ALIAS_LOOP: 'an alias or merge that contains itself',
  ALIAS_EXPLOSION: 'aliases that expand beyond reason',
  MERGE_INVALID: 'a merge key (<<) of something that is not a map',
  VALUE_INVALID: 'a value of the wrong kind',
  VALUE_NOT_ALLOWED: 'a value that is not one of the choices',
  VALUE_OUT_OF_RANGE: 'a number or unit outside its limits',
  VERSION_MISSING: 'no version',
  VERSION_UNSUPPORTED: 'a version this ha does not read',
  NAME_INVALID: 'a name with characters or a length the cloud refuses',
  NAME_TOO_LONG: 'a name that grows too long once app, environment and region are joined',
  DURATION_INVALID: 'not a duration',
  SIZE_INVALID: 'not a size',
  PERCENT_INVALID: 'not a percentage',
  RATE_INVALID: 'not a rate',
  CPU_INVALID: 'not an amount of CPU',
  MEMORY_INVALID: 'not an amount of memory',
  PATH_INVALID: 'not a URL path',
  PORT_OUT_OF_RANGE: 'a port outside 1024 to 65535',
  ENVIRONMENT_UNKNOWN: 'an environment ha.yaml does not define',
  REGIONS_TOO_FEW: 'fewer than two regions',
  REGION_DUPLICATE: 'the same region twice',
  REGION_UNKNOWN: 'not a region of Google Cloud',
  AVAILABILITY_IMPOSSIBLE: 'an availability nothing can have',
  AVAILABILITY_BEYOND_PRESET: 'an availability beyond what the preset rests on',
  RPO_TOO_STRICT: 'a recovery point asynchronous replication cannot promise',
  RTO_TOO_STRICT: 'a recovery time the preset cannot meet',
  SERVICE_HTTP_MISSING: 'no service that answers requests',
  SERVICE_PORT_MISSING: 'an HTTP service without a port',
  SERVICE_SETTING_MISFIT: 'a setting that the other type of service has',
  WORKER_WITHOUT_QUEUE: 'a worker that consumes nothing',
  QUEUE_UNDEFINED: 'a queue that is consumed but not defined',
  QUEUE_DUPLICATE: 'the same queue twice in one list',
  REPLICAS_MIN_OVER_MAX: 'min over max',
  REPLICAS_TOO_FEW: 'too few instances to lose one',
  DRAIN_OVER_GRACE: 'a drain that the grace period cuts short',
  PATH_CLASH: 'two services on the same path',
  PATH_ROOT_MISSING: 'no service for /',
  IMAGE_INVALID: 'not an image reference',
  IMAGE_WITHOUT_VERSION: 'an image without tag or digest',
  IMAGE_LATEST: 'an image whose tag moves',
  IMAGE_WITHOUT_DIGEST: 'an image without digest where one is needed',
  ENV_NAME_RESERVED: 'an environment variable that ha sets itself',
  ENV_NAME_INVALID: 'not a name for an environment variable',
  SECRET_NAME_INVALID: 'not a name for a secret',
  SECRET_DUPLICATE: 'the same secret twice',
  SECRET_CLASH: 'a secret and a plain variable of one name',
  RECOVERY_OUT_OF_RANGE: 'a recovery window the preset does not keep',
  MIGRATE_SERVICE_UNDEFINED: 'a migration run by a service that is not defined',
  QUEUE_ACK_OUT_OF_RANGE: 'an ack deadline outside 10s to 600s',
  QUEUE_ATTEMPTS_OUT_OF_RANGE: 'attempts outside 5 to 100',
  QUEUE_RETENTION_OUT_OF_RANGE: 'a retention outside 10m to 31d',
  QUEUE_RETRY_OUT_OF_RANGE: 'a retry delay outside 0s to 600s, or the smaller above the larger',
  STORAGE_OUT_OF_RANGE: 'storage outside 10GiB to 64TiB',
  PROJECT_MISSING: 'an environment on Google Cloud without a project',
  PROJECT_INVALID: 'not a Google Cloud project id',
  DOMAIN_MISSING: 'an environment on Google Cloud without a domain',
  DOMAIN_INVALID: 'not a domain name',
  STATE_INVALID: 'not a place for state',
  OBSERVER_IMAGE_MISSING: 'an observer on Google Cloud without an image',
  OBSERVER_WITHOUT_DATABASE: 'an observer where there is no database to observe',
  NAME_RESERVED: 'a name that ha uses itself',
  DATE_INVALID: 'not a day of the calendar',
  HOURS_INVALID: 'not hours of a day',
  ZONE_UNKNOWN: 'not a time zone',
  DAY_DUPLICATE: 'the same day twice',
  WINDOW_ENDLESS: 'a blocked window without an end',
  WINDOW_BACKWARDS: 'a blocked window that ends before it begins',
  EMAIL_INVALID: 'not an e-mail address',
} as const

export type ProblemCode = keyof typeof PROBLEM_CODES

export interface Problem {
  readonly code: ProblemCode
  /** What is wrong, one sentence. */
  readonly message: string
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number
  /** The offending line's text, control characters removed, at most 200 characters. */
  readonly excerpt: string
  /** What to write there, when one thing is likely. */
  readonly instead?: string
}

/** A fault before its place is known in lines and columns: `offset` into the text. */
export interface Fault {
  readonly code: ProblemCode
  readonly message: string
  readonly offset: number
  readonly instead?: string
}

/** A text beside the file that offsets may lie in: `start` is where its own begin, beyond the file's. */
export interface Aside {
  readonly text: string
  readonly start: number
}

/** Turns faults of one text, and of `--set` flags beside it, into problems: sorted by place, the same fault once. */
export function placeProblems(
  text: string,
  file: string,
  faults: readonly Fault[],
  flags: readonly Aside[] = [],
): Problem[] {
  const starts = lineStarts(text)
  const problems = faults
    .toSorted((a, b) => a.offset - b.offset)
    .map((fault) => {
      const flag = flags.findLast(({start}) => fault.offset >= start)
      return flag ? placeInFlag(flag, fault) : placeProblem(text, starts, file, fault)
    })
  const seen = new Map(
    problems.map((problem) => [[problem.file, problem.line, problem.column, problem.message].join(':'), problem]),
  )
  return [...seen.values()]
}

/** The flag itself is the place; there is no line to show beside it. */
const placeInFlag = ({text, start}: Aside, {code, message, offset, instead}: Fault): Problem => ({
  code,
  message,
  file: `--set ${printable(text.slice(0, 200))}`,
  line: 1,
  column: offset - start + 1,
  excerpt: '',
  ...(instead !== undefined && {instead}),
})

function placeProblem(text: string, starts: readonly number[], file: string, fault: Fault): Problem {
  const offset = Math.max(0, Math.min(fault.offset, text.length))
  const index = lastAtOrBelow(starts, offset)
  const start = starts[index] ?? 0
  const end = (starts[index + 1] ?? text.length + 1) - 1
  return {
    code: fault.code,
    message: fault.message,
    file,
    line: index + 1,
    column: offset - start + 1,
    excerpt: printable(text.slice(start, Math.min(end, start + 200))),
    ...(fault.instead !== undefined && {instead: fault.instead}),
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function lastAtOrBelow(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (sorted[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** No control characters: a hostile file must not steer the terminal it is shown on. */
const printable = (text: string) => text.replace(/\p{Cc}/gu, (c) => (c === '\t' ? ' ' : '')).trimEnd()
