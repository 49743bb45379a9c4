/** Which process listens on a port of this machine, as far as this user may know. */
import {execFile} from 'node:child_process'
import {readdir, readFile, readlink} from 'node:fs/promises'
import {basename} from 'node:path'
import {promisify} from 'node:util'

export interface PortHolder {
  readonly pid: number
  readonly command: string
}

/** undefined: no one, or it cannot be known (another user's process). */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  const socket = await listeningSocket(port)
  return socket === undefined ? askLsof(port) : ownerOf(socket)
}

/** Inode of the listening socket from /proc/net/tcp (https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html). */
async function listeningSocket(port: number): Promise<string | undefined> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = (await readFile(table, 'utf8').catch(() => '')).split('\n').map((line) => line.trim().split(/\s+/))
    const found = lines.find(([, local, , state]) => local?.endsWith(suffix) && state === '0A')
    if (found) return found[9]
  }
  return undefined
}

async function ownerOf(socket: string): Promise<PortHolder | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
    if (!links.includes(`socket:[${socket}]`)) continue
    return {pid: Number(pid), command: await commandOf(pid)}
  }
  return undefined
}

/** The program and, where it runs a script, the script; the kernel's own name for it would be that of a thread. */
async function commandOf(pid: string): Promise<string> {
  const [program = '', script = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  return [basename(program) || '?', ...(script.startsWith('/') ? [script] : [])].join(' ')
}

async function askLsof(port: number): Promise<PortHolder | undefined> {
  const asked = promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {timeout: 5000})
  const {stdout} = await asked.catch(() => ({stdout: ''}))
  const pid = /^p(\d+)$/m.exec(stdout)?.[1]
  const command = /^c(.+)$/m.exec(stdout)?.[1]
  return pid && command ? {pid: Number(pid), command} : undefined
}
