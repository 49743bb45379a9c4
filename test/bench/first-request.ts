/**
 * From the README's first command to a served request, in one run and in a fresh clone of what is committed: install, build, engine,
 * deploy, first answer. `node test/bench/first-request.ts`. The engine comes from this user's cache when it is there; with
 * HA_CACHE_DIR at an empty folder its download or build is part of the run. Parts of over two seconds show themselves at work:
 * what each printed while it ran goes to stderr as it comes.
 */
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {execa} from 'execa'
import {interrupted, ROOT, seconds, table} from './bench.ts'

/** A build of the engine from source takes most of it. */
const TIMEOUT_MS = 20 * 60_000
/** What a person waits without a sign of life. */
const SILENCE_MS = 2_000

interface Part {
  readonly name: string
  readonly ms: number
  /** The longest time without a word. */
  readonly silentMs: number
}

const home = await mkdtemp(join(tmpdir(), 'ha-bench-'))
const clone = join(home, 'clone')
// npm's scripts find the clone's own Node first; so must what is started without npm.
const PATH = [join(clone, 'node_modules', '.bin'), process.env.PATH].join(delimiter)

async function run(name: string, command: string, args: readonly string[], cwd = clone): Promise<[Part, string]> {
  const begun = performance.now()
  let heard = begun
  let silentMs = 0
  const hear = () => {
    silentMs = Math.max(silentMs, performance.now() - heard)
    heard = performance.now()
  }
  const child = execa(command, args, {cwd, env: {PATH}, timeout: TIMEOUT_MS, cancelSignal: interrupted})
  for (const stream of [child.stdout, child.stderr]) stream.on('data', hear)
  child.stderr.pipe(process.stderr)
  const {stdout} = await child
  hear()
  return [{name, ms: performance.now() - begun, silentMs}, stdout]
}

/** Asks until something is served: what the last command printed is the address. */
async function firstAnswer(url: string): Promise<Part> {
  const begun = performance.now()
  const {status} = await fetch(`${url}/readyz`, {signal: interrupted})
  const ms = performance.now() - begun
  return {name: `GET /readyz (${status})`, ms, silentMs: ms}
}

const parts: Part[] = []
try {
  await execa('git', ['clone', '--quiet', ROOT, clone])
  const part = async (...args: Parameters<typeof run>) => {
    const [done, stdout] = await run(...args)
    parts.push(done)
    return stdout
  }
  const ha = ['bin/run.js']
  await part('npm ci', 'npm', ['ci'])
  await part('npm run build', 'npm', ['run', 'build'])
  await part('ha engine install', 'node', [...ha, 'engine', 'install'])
  const said = await part('ha deploy', 'node', [...ha, 'deploy', '--file', 'templates/rental/ha.yaml', '--yes'])
  parts.push(await firstAnswer(/http:\/\/127\.0\.0\.1:\d+/.exec(said)![0]))
} finally {
  const destroy = ['bin/run.js', 'destroy', '--file', 'templates/rental/ha.yaml', '--yes']
  await execa('node', destroy, {cwd: clone, env: {PATH}, reject: false, detached: true})
  await rm(home, {recursive: true, force: true})
}
const total = parts.reduce((sum, {ms}) => sum + ms, 0)
table('From nothing to a served request, emulated', [
  ['part', 'time', 'longest silence'],
  ...parts.map(({name, ms, silentMs}) => [name, seconds(ms), ms > SILENCE_MS ? seconds(silentMs) : '']),
  ['all', seconds(total), ''],
])
