/** Processes of one folder, found from outside: by command line, or by the folder they work in. */
import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync, readlinkSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'

export interface Found {
  readonly pid: number
  readonly command: string
  /** A variable it was started with; undefined also where that cannot be seen. */
  variable(name: string): string | undefined
}

/** Without /proc, what works in the folder but does not name it is not found. */
export function processesOf(folder: string): Found[] {
  if (process.platform !== 'linux') return listed().filter(({command}) => command.includes(folder))
  const pids = readdirSync('/proc').map(Number)
  return pids
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      const command = textOf(pid, 'cmdline').replaceAll('\0', ' ').trim()
      // A zombie has no command line.
      if (command === '' || !(command.includes(folder) || workingFolder(pid).startsWith(folder))) return []
      const variables = textOf(pid, 'environ').split('\0')
      const variable = (name: string) => variables.find((it) => it.startsWith(`${name}=`))?.slice(name.length + 1)
      return [{pid, command, variable}]
    })
}

export const kill = (pid: number, signal: NodeJS.Signals = 'SIGKILL'): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already.
  }
}

/** All at once, and again, since some may have been about to start others. */
export async function endProcesses(find: () => readonly Found[]): Promise<void> {
  for (let left = find(); left.length > 0; left = find()) {
    for (const {pid} of left) kill(pid)
    await sleep(50)
  }
}

function listed(): Found[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,command='], {encoding: 'utf8'}).split('\n')
  return lines.flatMap((line) => {
    const [, pid, command] = /^\s*(\d+) (.*)$/.exec(line) ?? []
    return pid === undefined || Number(pid) === process.pid
      ? []
      : [{pid: Number(pid), command: command!, variable: () => undefined}]
  })
}

function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}
