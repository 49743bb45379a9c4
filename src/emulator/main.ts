/** The local cloud's own program: `start`, `stop`, `status` and `check`, all with `--dir DIR`. */
import {resolve} from 'node:path'
import {parseArgs} from 'node:util'
import type {EmulatorFile} from './contract.ts'
import {readJson} from './files.ts'
import {fetchJson} from './http.ts'

const USAGE = 'usage: main start --dir DIR [--edge-port N] | stop --dir DIR | status --dir DIR | check --dir DIR'

async function main(argv: readonly string[]): Promise<number> {
  const {values, positionals} = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {dir: {type: 'string'}, 'edge-port': {type: 'string'}},
  })
  const [verb] = positionals

  if (values.dir === undefined) throw new Error(USAGE)
  const dir = resolve(values.dir)
  if (verb === 'start') return start(dir, values['edge-port'])
  if (verb === 'stop') return stop(dir)
  if (verb === 'status') return status(dir)
  if (verb === 'check') return check(dir)
  throw new Error(USAGE)
}

/** Runs until SIGTERM, SIGINT or a `:shutdown` request. */
async function start(dir: string, edgePort: string | undefined): Promise<number> {
  const {startGlobal} = await import('./global.ts')
  const asked = new Promise<void>((done) => {
    process.once('SIGTERM', done)
    process.once('SIGINT', done)
  })
  const global = await startGlobal({dir, ...(edgePort !== undefined && {edgePort: Number(edgePort)})})
  await Promise.race([asked, global.shutdown])
  await global.stop()
  return 0
}

/** Ends the global process and every region, also when the global one is dead already. */
async function stop(dir: string): Promise<number> {
  const [{globalProcess, emulatorFile, processFile}, {endTree}, {endRegions}, {rmSync}] = await Promise.all([
    import('./folder.ts'),
    import('./process-group.ts'),
    import('./region-process.ts'),
    import('node:fs'),
  ])
  const running = globalProcess(dir)
  if (running) await endTree(running, 25_000)
  await endRegions(dir)
  for (const file of [emulatorFile(dir), processFile(dir)]) rmSync(file, {force: true})
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
