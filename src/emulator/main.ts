/** The local cloud's own program: `start`, `stop`, `status`, `check`, and `revive` for its regions; all with `--dir DIR`. */
import {join, resolve} from 'node:path'
import {parseArgs} from 'node:util'
import type {EmulatorFile} from './contract.ts'
import {readJson} from './files.ts'
import {fetchJson} from './http.ts'

const USAGE =
  'usage: main start --dir DIR [--edge-port N] [--again] | stop --dir DIR | status --dir DIR | check --dir DIR | revive --dir DIR'

async function main(argv: readonly string[]): Promise<number> {
  const {values, positionals} = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {dir: {type: 'string'}, 'edge-port': {type: 'string'}, again: {type: 'boolean'}},
  })
  const [verb] = positionals

  if (values.dir === undefined) throw new Error(USAGE)
  const dir = resolve(values.dir)
  if (verb === 'start') return start(dir, {edgePort: values['edge-port'], again: values.again ?? false})
  if (verb === 'stop') return stop(dir)
  if (verb === 'status') return status(dir)
  if (verb === 'check') return check(dir)
  if (verb === 'revive') return revive(dir)
  throw new Error(USAGE)
}

interface StartOptions {
  readonly edgePort: string | undefined
  readonly again: boolean
}

/** Runs until SIGTERM, SIGINT or a `:shutdown` request. With `again` only in the place of one that was killed. */
async function start(dir: string, {edgePort, again}: StartOptions): Promise<number> {
  const {startGlobal} = await import('./global.ts')
  const asked = new Promise<void>((done) => {
    process.once('SIGTERM', done)
    process.once('SIGINT', done)
  })
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1).filter((arg) => arg !== '--again')]
  const global = await startGlobal({dir, command, again, ...(edgePort !== undefined && {edgePort: Number(edgePort)})})
  await Promise.race([asked, global.shutdown])
  await global.stop()
  return 0
}

/** Ends the global process and every region, also when the global one is dead already. */
async function stop(dir: string): Promise<number> {
  const [{clearFolder}, {endTree}, {endRegions}, {existsSync}] = await Promise.all([
    import('./folder.ts'),
    import('./process-group.ts'),
    import('./region-process.ts'),
    import('node:fs'),
  ])
  if (!existsSync(dir)) return 0
  // More than once when a region was about to start it again.
  for (let running = clearFolder(dir); running; running = clearFolder(dir)) await endTree(running, 25_000)
  await endRegions(dir)
  return 0
}

/** Starts the global process in the place of one that was killed, as that was started, and leaves it to itself. */
async function revive(dir: string): Promise<number> {
  const [{lastHolder}, {spawn}, {mkdirSync, openSync}] = await Promise.all([
    import('./folder.ts'),
    import('node:child_process'),
    import('node:fs'),
  ])
  const [program, ...args] = lastHolder(dir)?.command ?? []
  if (program === undefined) return 0
  mkdirSync(join(dir, 'log'), {recursive: true})
  const out = openSync(join(dir, 'log', 'revived.out'), 'a', 0o600)
  const child = spawn(program, [...args, '--again'], {detached: true, stdio: ['ignore', out, out]})
  await new Promise((done, fail) => child.once('spawn', done).once('error', fail))
  child.unref()
  return 0
}

/** One JSON object: whether it runs, what emulator.json says, what it answers. */
async function status(dir: string): Promise<number> {
  const {globalProcess, emulatorFile} = await import('./folder.ts')
  const running = globalProcess(dir) !== undefined
  const file = readJson<EmulatorFile>(emulatorFile(dir))
  const info =
    running && file
      ? await fetchJson(`${file.googleapis}/emulator/v1`, {deadlineMs: 3_000}).catch(() => undefined)
      : undefined
  process.stdout.write(
    `${JSON.stringify({running, ready: info !== undefined, ...(file && {file}), ...(info !== undefined && {info})})}\n`,
  )
  return 0
}

/** One JSON object: whether PostgreSQL can be run for this folder, and as whom. Starts nothing; `dir` must exist. */
async function check(dir: string): Promise<number> {
  const [{findBinaries}, {firstClosedFolder, serverAccount}] = await Promise.all([
    import('./sql/binaries.ts'),
    import('./sql/account.ts'),
  ])
  const account = serverAccount()
  const closed = account && (await firstClosedFolder(dir, account))
  const postgres = await findBinaries(account).then(
    ({version, bin}) => ({version, bin, ...(account && {uid: account.uid}), ...(closed !== undefined && {closed})}),
    (error: Error) => ({problem: error.message}),
  )
  process.stdout.write(`${JSON.stringify({postgres})}\n`)
  return 0
}

main(process.argv.slice(2)).then(
  // Something may still hold the loop open; the work is done.
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  },
)
