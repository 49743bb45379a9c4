/** What `ha lock` and `ha runs` say. Pure. */
import {duration, moment, table} from './format.ts'
import type {Style} from './style.ts'

/** Who holds a lock, and what is known of them. */
export interface HolderSeen {
  readonly owner: string
  readonly host: string
  readonly pid: number
  readonly operation: string
  readonly since: number
  readonly heartbeat: number
  /** Its process is gone for certain. */
  readonly dead: boolean
}

export function lockLines(holder: HolderSeen | undefined, now: number, call: Call, style: Style): string[] {
  if (!holder) return [`${style('good', '✔')} Nobody holds it.`]
  const {owner, host, pid, operation, since, heartbeat, dead} = holder
  const head = `${owner} on ${host} runs ${style('strong', operation)} (process ${pid}), begun ${duration(now - since)} ago.`
  if (dead) {
    const next = `→ The next deploy takes it over by itself; or: ${call('lock release')}`
    return [style('warn', `! ${head} Its process is gone.`), `  ${next}`]
  }
  return [head, style('dim', `Last sign of life ${duration(now - heartbeat)} ago.`)]
}

type Call = (command: string) => string

export interface RunSeen {
  readonly id: string
  readonly operation: string
  readonly owner: string
  readonly startedAt: number
  readonly finishedAt?: number
  readonly ok?: boolean
  readonly code?: string
  /** At work right now; a run that neither finished nor is at work was cut short. */
  readonly active: boolean
}

export function runLines(runs: readonly RunSeen[], now: number, call: Call, style: Style): string[] {
  if (runs.length === 0) return [`No run is recorded. → ${call('deploy')}`]
  const rows = runs.map((run) => [
    run.id,
    run.operation,
    run.owner,
    moment(run.startedAt),
    took(run, now),
    outcome(run, style),
  ])
  return table([['RUN', 'WHAT', 'BY', 'BEGUN', 'TOOK', 'OUTCOME'], ...rows])
}

const took = ({startedAt, finishedAt, active}: RunSeen, now: number) =>
  finishedAt !== undefined ? duration(finishedAt - startedAt) : active ? duration(now - startedAt) : '–'

function outcome({ok, code, active}: RunSeen, style: Style): string {
  if (active) return style('accent', 'at work')
  if (ok === undefined) return style('warn', 'cut short')
  return ok ? style('good', 'done') : style('bad', code ?? 'failed')
}
