/** Memory and CPU of everything that an environment runs, from /proc: Linux only. */
import {readdirSync, readFileSync} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly kind: Kind
  /** Proportional set size: what is shared is counted once in all. */
  readonly pssBytes: number
  readonly cpuSeconds: number
}

export type Kind = 'global services' | 'region' | 'pods' | 'PostgreSQL' | 'other'

/** Linux counts CPU time in hundredths of a second (USER_HZ, man 5 proc). */
const TICKS = 100

/** The emulator below `dir` with all its regions, pods and databases; empty when it does not run. */
export async function processesOf(dir: string): Promise<readonly Process[]> {
  const home = join(dir, '.ha', 'local', 'emulator')
  const {pid} = JSON.parse(await readFile(join(home, 'emulator.json'), 'utf8')) as {pid: number}
  const regions = JSON.parse(await readFile(join(home, 'regions.json'), 'utf8')) as Record<
    string,
    {process?: {pid: number}}
  >
  const roots = new Set([pid, ...Object.values(regions).flatMap(({process}) => process?.pid ?? [])])
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => observe(Number(name)))
  const parents = new Map(all.map((each) => [each.pid, each.parent]))
  const isOurs = (id: number): boolean => roots.has(id) || (parents.has(id) && id !== 1 && isOurs(parents.get(id)!))
  return all.filter((each) => isOurs(each.pid))
}

function observe(pid: number): Process[] {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8')
    const stat = read('stat')
    // The command's name, in brackets, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const pss = /^Pss:\s+(\d+) kB/m.exec(read('smaps_rollup'))?.[1]
    const command = read('cmdline').replaceAll('\0', ' ')
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS
    return [{pid, parent: Number(fields[1]), kind: kindOf(command), pssBytes: Number(pss ?? 0) * 1024, cpuSeconds}]
  } catch {
    // Ended while it was looked at.
    return []
  }
}

function kindOf(command: string): Kind {
  if (/emulator\/main\.[jt]s/.test(command)) return 'global services'
  if (/region\/main\.[jt]s/.test(command)) return 'region'
  if (/postgres/.test(command)) return 'PostgreSQL'
  return /node|sh -c/.test(command) ? 'pods' : 'other'
}
