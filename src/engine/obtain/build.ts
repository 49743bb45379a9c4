/** The engine built from its published Go module, every dependency pinned by our go.mod and go.sum. */
import {cp, mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {Clock} from '../../clock.ts'
import type {Emit} from '../../events/events.ts'
import {NoWay} from './no-way.ts'
import type {Ran, Run} from './spawn.ts'

export interface Build {
  /** Our folder with go.mod and go.sum. */
  readonly moduleDir: string
  readonly run: Run
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

const PACKAGE = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi'
const VERSION_VARIABLE = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version'
const DOWNLOAD_MS = 20 * 60_000
const BUILD_MS = 60 * 60_000
const TASK = 'engine.build'

/** Puts `pulumi` into the folder `aside`. Throws NoWay; other errors (a full disk) as they come. */
export async function buildEngine(version: string, aside: string, options: Build): Promise<void> {
  const {moduleDir, clock, emit} = options
  const begun = clock.monotonic()
  const ms = () => Math.round(clock.monotonic() - begun)
  const module = join(aside, 'module')
  await mkdir(module)
  for (const file of ['go.mod', 'go.sum']) await cp(join(moduleDir, file), join(module, file))
  const go = goIn(module, options)
  const found = await go(['version'], 20_000)
  if (found.code !== 0) throw new NoWay('Go is not installed')
  emit({
    kind: 'task.started',
    task: TASK,
    title: `Build the Pulumi engine ${version} from source (once per machine, some minutes)`,
  })
  try {
    const total = await countPackages(go, emit)
    let done = 0
    const flags = [
      '-trimpath',
      '-v',
      '-ldflags',
      `-s -w -X ${VERSION_VARIABLE}=${version}`,
      '-o',
      join(aside, 'pulumi'),
    ]
    const built = await go(['build', ...flags, PACKAGE], BUILD_MS, (line) => {
      // -v prints a package per line as it is compiled; those already in Go's cache are not printed.
      if (!/^[\w.~-]+(\/[\w.~+-]+)*$/.test(line)) return
      done += 1
      emit({kind: 'task.progressed', task: TASK, done: Math.min(done, total), total, unit: 'packages', note: line})
    })
    expectSuccess(built, 'the build failed')
    emit({kind: 'task.finished', task: TASK, ms: ms()})
  } catch (thrown) {
    emit({kind: 'task.failed', task: TASK, ms: ms(), message: (thrown as Error).message})
    throw thrown
  }
}

type Go = (args: readonly string[], timeoutMs: number, onLine?: (line: string) => void) => Promise<Ran>

/** Go in the copied module; a Go that is not there answers with code 127. */
const goIn =
  (cwd: string, {run, env, signal}: Build): Go =>
  async (args, timeoutMs, onLine) =>
    run('go', args, {
      cwd,
      timeoutMs,
      signal,
      env: {...env, GOWORK: 'off', GOFLAGS: '-mod=readonly', CGO_ENABLED: '0'},
      ...(onLine ? {onLine} : {}),
    }).catch((thrown) => {
      if (thrown.code === 'ENOENT') return {code: 127, stdout: '', stderr: ''}
      throw thrown
    })

/** Downloads what is needed on the way, which takes the longest where the network is slow. */
async function countPackages(go: Go, emit: Emit): Promise<number> {
  let modules = 0
  const listed = await go(['list', '-deps', PACKAGE], DOWNLOAD_MS, (line) => {
    if (!line.startsWith('go: downloading')) return
    modules += 1
    emit({kind: 'task.progressed', task: TASK, done: modules, unit: 'modules', note: line.replace('go: ', '')})
  })
  expectSuccess(listed, 'the sources cannot be had')
  return listed.stdout.trim().split('\n').length
}

function expectSuccess({code, stderr}: Ran, what: string): void {
  if (code === 0) return
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('go: downloading'))
  const telling =
    lines.find((line) => /no space left|dial tcp|no such host|checksum mismatch|requires go/i.test(line)) ??
    lines.at(-1)
  throw new NoWay(`${what}: ${telling ?? 'go ended without a word'}`)
}
