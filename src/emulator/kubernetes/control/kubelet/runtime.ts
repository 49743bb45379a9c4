/** Runs a container: as a process of the host, or inside the region's process when its image is one the emulator stands in for. */
import {execFile} from 'node:child_process'
import {openProcessLog, type Stream} from '../../../process-log.ts'
import {exitCodeOf, markOf, startChild} from '../../../processes.ts'

export interface Program {
  readonly name: string
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
  readonly pidFile: string
  readonly onLine: (line: string, stream: Stream) => void
}

export interface RunningContainer {
  /** Undefined for what runs inside the region's process. */
  readonly pid?: number
  /** Exit code, and the signal that ended it. Resolves at once when the main process ends. */
  readonly exited: Promise<{readonly code: number; readonly signal?: string}>
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<void>
  /** SIGTERM, after the grace SIGKILL. */
  stop(graceMs: number): Promise<void>
  /** Runs a command as the container would; never rejects. */
  exec(command: readonly string[], timeoutMs: number): Promise<{readonly code: number; readonly output: string}>
}

/** What stands in for an image inside the region's process: the Auth Proxy (sql/proxy.ts), the metrics adapter. */
export type StartStandIn = (options: {
  args: string[]
  portOf: (containerPort: number) => number
  log: (line: string) => void
}) => Promise<{close(): Promise<void>}>

/** The log of one run of a container and the one it replaces at rotation, together. */
const MAX_LOG_BYTES = 1_000_000
/** What makes up the cloud goes before what runs in it, as it would on machines of its own. */
const NICENESS = 5

export async function startProcess(program: Program): Promise<RunningContainer> {
  const {name, cwd, env, logFile, pidFile, onLine} = program
  const [command = '/bin/sh', ...args] = program.command
  const child = await startChild({
    name,
    command,
    args,
    cwd,
    env,
    logFile,
    pidFile,
    onLine,
    maxLogBytes: MAX_LOG_BYTES,
    niceness: NICENESS,
  })
  return {
    pid: child.pid,
    exited: child.exited.then((exit) => ({code: exitCodeOf(exit), ...(exit.signal && {signal: exit.signal})})),
    gone: child.gone,
    stop: async (graceMs) => void (await child.stop({graceMs})),
    exec: ([file = '/bin/sh', ...rest], timeout) =>
      new Promise((done) => {
        const options = {
          cwd,
          env: {...env, ...markOf(pidFile)},
          timeout,
          killSignal: 'SIGKILL' as const,
          maxBuffer: 65_536,
        }
        execFile(file, rest, options, (error, stdout, stderr) => {
          const code = error ? (typeof error.code === 'number' ? error.code : 126) : 0
          done({
            code,
            output: error?.killed ? `command timed out after ${timeout / 1000}s` : `${stdout}${stderr}`.trim(),
          })
        })
      }),
  }
}

export async function startInside(
  program: Program,
  args: string[],
  portOf: (port: number) => number,
  start: StartStandIn,
): Promise<RunningContainer> {
  const log = openProcessLog(program.logFile, MAX_LOG_BYTES, program.onLine)
  const standIn = await start({args, portOf, log: (line) => log.write('stderr', Buffer.from(`${line}\n`))}).catch(
    (error) => {
      log.close()
      throw error
    },
  )
  let ended = () => {}
  const gone = new Promise<void>((done) => {
    ended = done
  })
  return {
    exited: gone.then(() => ({code: 0})),
    gone,
    async stop(graceMs) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((done) => {
        timer = setTimeout(done, graceMs)
      })
      await Promise.race([standIn.close().catch(() => {}), late])
      clearTimeout(timer)
      log.close()
      ended()
    },
    exec: async () => ({code: 126, output: 'what stands in for this image has no shell'}),
  }
}
