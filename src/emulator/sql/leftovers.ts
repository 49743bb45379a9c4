/** Server processes whose supervisor or postmaster was killed: found by the folder they work in, and ended. */
import {execFile, execFileSync} from 'node:child_process'
import {readdirSync, readFileSync, readlinkSync} from 'node:fs'
import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {promisify} from 'node:util'

const run = promisify(execFile)

/**
 * Ends every process that still works on the folder: a postmaster whose supervisor was killed (told to stop at once, so that it
 * cleans up its shared memory), then backends whose postmaster was. PostgreSQL itself refuses to start beside either.
 */
export async function endLeftovers(dataDir: string): Promise<void> {
  const pids = processesOf(dataDir)
  if (pids.length === 0) return
  const postmaster = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
  const [first, rest] = pids.includes(postmaster) ? [[postmaster], pids] : [pids, pids]
  send(first, 'SIGQUIT')
  if (await gone(dataDir, 5_000)) return
  send(rest, 'SIGKILL')
  await gone(dataDir, 5_000)
}

/**
 * Ends what works on an instance's data folder and gives back the shared memory of a postmaster that was killed, which only its next
 * start would have done. For a folder that is about to be deleted.
 */
export async function clearUp(dataDir: string): Promise<void> {
  await endLeftovers(dataDir)
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  // The seventh line holds key and id: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/utils/pidfile.h
  const id = lines[6]?.trim().split(/\s+/)[1]
  if (id) await run('ipcrm', ['-m', id]).catch(() => {})
}

/** As `clearUp`, for every instance in a region's folder: when the emulator's data is deleted while a region was killed. */
export async function clearUpAll(instances: string): Promise<void> {
  for (const name of await readdir(instances).catch(() => [])) await clearUp(join(instances, name, 'data'))
}

async function gone(dataDir: string, ms: number): Promise<boolean> {
  for (const deadline = performance.now() + ms; performance.now() < deadline; await sleep(20)) {
    if (processesOf(dataDir).length === 0) return true
  }
  return false
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // Gone by itself.
    }
  }
}

/**
 * The server's processes: all have the data folder as their working directory. Backends are in sessions of their own, so neither
 * the process group nor, once the postmaster is dead, the parent leads to them.
 */
export function processesOf(dataDir: string): number[] {
  if (process.platform !== 'linux') return processesByOpenFolder(dataDir)
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!pid) return []
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) !== dataDir) return []
      return readFileSync(`/proc/${pid}/stat`, 'utf8').includes('(postgres)') ? [pid] : []
    } catch {
      return []
    }
  })
}

function processesByOpenFolder(dataDir: string): number[] {
  try {
    return execFileSync('lsof', ['-a', '-d', 'cwd', '-c', 'postgres', '-Fpn'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .split(/^p/m)
      .filter((entry) => entry.split('\n').includes(`n${dataDir}`))
      .map((entry) => Number.parseInt(entry, 10))
  } catch {
    return []
  }
}
