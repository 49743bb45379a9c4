/** The official archive, checked against the release's own list of checksums before anything of it is run. */
import {createHash} from 'node:crypto'
import {createWriteStream} from 'node:fs'
import {rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable, Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import type {Clock} from '../../clock.ts'
import type {Emit} from '../../events/events.ts'
import {NoWay} from './no-way.ts'
import type {Run} from './spawn.ts'

export interface Download {
  /** `process.platform` and `process.arch`. */
  readonly platform: string
  readonly arch: string
  /** `fetch` of undici or of Node. */
  readonly fetch: (url: string, options: {readonly signal: AbortSignal}) => Promise<Response>
  readonly run: Run
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** Names of the archives (https://www.pulumi.com/docs/iac/download-install/versions/). */
const ARCHIVES: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'darwin x64': 'darwin-x64',
  'darwin arm64': 'darwin-arm64',
}

const CONNECT_MS = 15_000
const WHOLE_MS = 15 * 60_000
const TASK = 'engine.download'

const release = (version: string) => `https://github.com/pulumi/pulumi/releases/download/v${version}`

/** Puts `pulumi` into the folder `aside`. Throws NoWay; other errors (a full disk) as they come. */
export async function downloadEngine(version: string, aside: string, options: Download): Promise<void> {
  const {platform, arch, clock, emit} = options
  const name = ARCHIVES[`${platform} ${arch}`]
  if (name === undefined) throw new NoWay(`there is no archive for ${platform} ${arch}`)
  const file = `pulumi-v${version}-${name}.tar.gz`
  const begun = clock.monotonic()
  const ms = () => Math.round(clock.monotonic() - begun)
  emit({kind: 'task.started', task: TASK, title: `Download the Pulumi engine ${version}`})
  try {
    const wanted = await checksumOf(file, `${release(version)}/pulumi-${version}-checksums.txt`, options)
    const archive = join(aside, file)
    const sum = await save(`${release(version)}/${file}`, archive, options)
    if (sum !== wanted)
      throw new NoWay(`the checksum of ${file} is ${sum}, not ${wanted}: it was damaged or exchanged on its way`)
    await unpack(archive, aside, options)
    emit({kind: 'task.finished', task: TASK, ms: ms()})
  } catch (thrown) {
    emit({kind: 'task.failed', task: TASK, ms: ms(), message: (thrown as Error).message})
    throw thrown
  }
}

async function checksumOf(file: string, url: string, options: Download): Promise<string> {
  const text = await (await get(url, CONNECT_MS, options)).text()
  const line = text.split('\n').find((each) => each.trim().endsWith(file))
  const sum = line?.trim().split(/\s+/)[0]
  if (!sum || !/^[0-9a-f]{64}$/.test(sum)) throw new NoWay(`the release names no checksum of ${file}`)
  return sum
}

/** Streams to disk with progress; resolves to the SHA-256 of what came. */
async function save(url: string, path: string, options: Download): Promise<string> {
  const response = await get(url, WHOLE_MS, options)
  const total = Number(response.headers.get('content-length')) || undefined
  const hash = createHash('sha256')
  let done = 0
  let told = 0
  const count = new Transform({
    transform(chunk: Buffer, _, next) {
      hash.update(chunk)
      done += chunk.length
      if (options.clock.monotonic() - told > 200) {
        told = options.clock.monotonic()
        options.emit({kind: 'task.progressed', task: TASK, done, unit: 'bytes', ...(total ? {total} : {})})
      }
      next(null, chunk)
    },
  })
  if (!response.body) throw new NoWay(`${url} is empty`)
  await pipeline(Readable.fromWeb(response.body as never), count, createWriteStream(path), {
    signal: options.signal,
  }).catch((thrown) => {
    if (options.signal.aborted || thrown.code === 'ENOSPC') throw thrown
    throw new NoWay(`the download broke off after ${Math.round(done / 1e6)} MB (${reason(thrown)})`)
  })
  return hash.digest('hex')
}

async function get(url: string, timeoutMs: number, {fetch, signal}: Download): Promise<Response> {
  const host = new URL(url).host
  const answer = await fetch(url, {signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])}).catch(
    (thrown) => {
      if (signal.aborted) throw signal.reason
      throw new NoWay(`${host} cannot be reached (${reason(thrown)})`)
    },
  )
  if (!answer.ok) throw new NoWay(`${host} answered ${answer.status}`)
  return answer
}

async function unpack(archive: string, aside: string, {run, env, signal}: Download): Promise<void> {
  const ran = await run('tar', ['-xzf', archive, '-C', aside, 'pulumi/pulumi'], {env, timeoutMs: 120_000, signal})
  if (ran.code !== 0) throw new NoWay(`the archive cannot be unpacked: ${ran.stderr.split('\n').at(-1)}`)
  await rename(join(aside, 'pulumi'), join(aside, 'archive'))
  await rename(join(aside, 'archive', 'pulumi'), join(aside, 'pulumi'))
  await rm(archive)
}

/** undici hides the true reason one level down. */
const reason = (thrown: unknown): string => {
  const {cause, message, name} = thrown as Error & {cause?: {code?: string; message?: string}}
  return cause?.code ?? cause?.message ?? (name === 'TimeoutError' ? 'no answer in time' : message)
}
