/** Facts about processes of this machine, so that a pid in a file can be told from a stranger that was given the same number. */
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {readFileSync, readlinkSync} from 'node:fs'
import {hostname} from 'node:os'

/** A process named beyond doubt: its number and when it started. */
export interface ProcessMark {
  readonly pid: number
  readonly started: string
}

const contentsOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

/**
 * When the process started, as an opaque text that differs between two processes with the same number, also over a reboot;
 * undefined when no such process runs (a zombie does not run). Linux: boot id and the start tick of /proc/PID/stat
 * (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, fields 3 and 22); elsewhere `ps -o lstart=`.
 */
export function startedAt(pid: number): string | undefined {
  const boot = contentsOf('/proc/sys/kernel/random/boot_id')
  if (boot !== undefined) {
    const stat = contentsOf(`/proc/${pid}/stat`)
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields === undefined || fields[0] === 'Z' ? undefined : `${boot}:${fields[19]}`
  }
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 5000,
    }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}

/** This very process. */
export const selfMark = (): ProcessMark => ({pid: process.pid, started: startedAt(process.pid) ?? 'unknown'})

/** Whether the process that left this mark still runs. */
export const isRunning = (mark: ProcessMark): boolean => startedAt(mark.pid) === mark.started

/** This machine, or this container of it: a name for people and an id under which pids can be compared. */
export function thisHost(): {readonly name: string; readonly id: string} {
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // No pid namespaces here: the machine is the host.
  }
  const machine = contentsOf('/etc/machine-id') || hostname()
  return {
    name: hostname(),
    id: createHash('sha256').update(`${hostname()} ${machine} ${namespace}`).digest('hex').slice(0, 16),
  }
}
