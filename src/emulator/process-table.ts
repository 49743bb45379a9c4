/**
 * What the operating system knows of processes: `/proc` on Linux, `ps` elsewhere. A process is named by its id *and* its start
 * time, because ids are reused: killing by id alone may end a stranger.
 */
import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {constants} from 'node:os'

const linux = process.platform === 'linux'

/** Clock ticks per second in `/proc/PID/stat`: 100 on every Linux that Node runs on (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). */
const TICKS_PER_SECOND = 100

export interface ProcessRow {
  readonly pid: number
  readonly parent: number
  /** Name of the executable, without its folder. */
  readonly command: string
  /** Zombies are dead: they only wait for their parent to notice. */
  readonly zombie: boolean
  /** User and system time of the process and of the children it waited for. */
  readonly cpuSeconds: number
  readonly rssBytes: number
  /** Tells two processes of the same id apart; comparable only as a whole. */
  readonly start: string
}

export type ProcessTable = ReadonlyMap<number, ProcessRow>

/** Every process that is visible now. */
export function readProcessTable(): ProcessTable {
  const rows = linux ? processIds().map(readRow) : readPs('-axo')
  return new Map(rows.filter((row) => row !== undefined).map((row) => [row.pid, row]))
}

/** The start time of a live process, or undefined when there is none (or only its zombie). */
export function startOf(pid: number): string | undefined {
  const row = linux ? readRow(pid) : readPs('-o', pid)[0]
  return row?.zombie ? undefined : row?.start
}

/** Whether the process has a handler for the signal (a shell: a trap). Where that cannot be seen: no. */
export function catches(pid: number, signal: NodeJS.Signals): boolean {
  const mask = linux ? /^SigCgt:\s*([0-9a-f]+)$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1] : undefined
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
}

/** The ids of all live processes below `pid`, nearest first; not `pid` itself. */
export function descendantsOf(pid: number, table: ProcessTable = readProcessTable()): number[] {
  const found = [pid]
  for (const parent of found) {
    for (const row of table.values()) if (row.parent === parent && !found.includes(row.pid)) found.push(row.pid)
  }
  return found.slice(1).filter((id) => !table.get(id)?.zombie)
}

/** Processes whose environment holds `NAME=value`, or a value below the folder `value` when it ends in a slash. */
export function findByEnvironment(name: string, value: string): number[] {
  const wanted = `${name}=${value}`
  const matches = (entry: string) => (value.endsWith('/') ? entry.startsWith(wanted) : entry === wanted)
  if (!linux) {
    const lines = runPs(['-axEww', '-o', 'pid=,command='])
    return lines.filter((line) => line.split(' ').some(matches)).map((line) => Number.parseInt(line, 10))
  }
  return processIds().filter((pid) => readProc(`/proc/${pid}/environ`)?.split('\0').some(matches))
}

/** CPU seconds and resident memory of each process together with everything below it; ids that are gone are left out. */
export function sampleUsage(pids: readonly number[]): Map<number, {cpuSeconds: number; rssBytes: number}> {
  const table = readProcessTable()
  const usage = new Map<number, {cpuSeconds: number; rssBytes: number}>()
  for (const pid of pids.filter((id) => table.has(id))) {
    const rows = [pid, ...descendantsOf(pid, table)].map((id) => table.get(id)!)
    const sum = (read: (row: ProcessRow) => number) => rows.reduce((total, row) => total + read(row), 0)
    usage.set(pid, {cpuSeconds: sum((row) => row.cpuSeconds), rssBytes: sum((row) => row.rssBytes)})
  }
  return usage
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Undefined when the process ended meanwhile or is not ours to read. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

let bootId: string | undefined
let pageSize: number | undefined

function readRow(pid: number): ProcessRow | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name stands in parentheses and may itself hold any character, so fields are counted from the last one.
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  const field = (number: number) => fields[number - 3] ?? '0'
  const ticks = [14, 15, 16, 17].reduce((sum, number) => sum + Number(field(number)), 0)
  // Start times count from the boot, so after a reboot they may come again.
  bootId ??= readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
  pageSize ??= readPageSize()
  return {
    pid,
    parent: Number(field(4)),
    command: text.slice(text.indexOf('(') + 1, close),
    zombie: field(3) === 'Z' || field(3) === 'X',
    cpuSeconds: ticks / TICKS_PER_SECOND,
    rssBytes: Number(field(24)) * pageSize,
    start: `${bootId}:${field(22)}`,
  }
}

/** AT_PAGESZ of the kernel's notes to this process: pairs of 64-bit numbers. https://man7.org/linux/man-pages/man3/getauxval.3.html */
function readPageSize(): number {
  const AT_PAGESZ = 6n
  const notes = readFileSync('/proc/self/auxv')
  for (let at = 0; at + 16 <= notes.length; at += 16) {
    if (notes.readBigUInt64LE(at) === AT_PAGESZ) return Number(notes.readBigUInt64LE(at + 8))
  }
  return 4096
}

function runPs(args: readonly string[]): string[] {
  try {
    return execFileSync('ps', args, {encoding: 'utf8', maxBuffer: 1 << 26})
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
  } catch {
    return []
  }
}

const PS_LINE = /^(\d+)\s+(\d+)\s+(\S+)\s+(\d+)\s+(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/

function readPs(select: '-axo' | '-o', pid?: number): ProcessRow[] {
  const columns = 'pid=,ppid=,stat=,rss=,time=,lstart=,comm='
  const lines = runPs(pid === undefined ? [select, columns] : [select, columns, '-p', String(pid)])
  return lines.flatMap((line) => {
    const match = PS_LINE.exec(line)
    if (!match) return []
    const [, id, parent, state, rss, time, start, command] = match as unknown as string[]
    return {
      pid: Number(id),
      parent: Number(parent),
      command: command!.split('/').at(-1)!,
      zombie: state!.startsWith('Z'),
      cpuSeconds: parseCpuTime(time!),
      rssBytes: Number(rss) * 1024,
      start: start!.replace(/\s+/g, ' '),
    }
  })
}

/** `[[dd-]hh:]mm:ss[.cc]` as seconds. */
export function parseCpuTime(text: string): number {
  const [days, clock] = text.includes('-') ? (text.split('-') as [string, string]) : ['0', text]
  return clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400
}
