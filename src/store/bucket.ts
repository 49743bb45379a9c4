/**
 * Objects of one Cloud Storage bucket over its JSON API, as far as state needs them: whole small texts, and conditions on
 * generations. https://docs.cloud.google.com/storage/docs/json_api/v1/objects, …/docs/request-preconditions
 */
import {HaError} from '../errors.ts'

/** How Cloud Storage is reached. */
export interface Access {
  /** `https://storage.googleapis.com`, or a stand-in's address; no trailing slash. */
  readonly base: string
  /** Bearer token; absent for a stand-in. */
  readonly token?: () => Promise<string>
}

export interface StoredText {
  readonly text: string
  readonly generation: string
}

export interface Bucket {
  readonly name: string
  /** undefined: no such object, or no such bucket. */
  get(object: string): Promise<StoredText | undefined>
  /**
   * The new generation; undefined when the object is not at `ifGeneration` ('0': absent). Without a condition the last writer
   * wins. Throws STORE_UNREACHABLE when there is no such bucket.
   */
  put(object: string, text: string, ifGeneration?: string): Promise<string | undefined>
  /** False when the object is not at `ifGeneration`. */
  remove(object: string, ifGeneration?: string): Promise<boolean>
  /** Names of the objects that start with `prefix`, sorted. */
  list(prefix: string): Promise<readonly string[]>
}

const DEADLINE_MS = 10_000
/** Pauses before what failed for the moment is tried again (https://docs.cloud.google.com/storage/docs/retry-strategy). */
const PAUSES_MS = [300, 900, 2000]
const ABSENT = 404
const CONDITION_FAILED = 412

interface Answer {
  readonly status: number
  readonly text: string
  readonly generation: string | undefined
  /** An earlier attempt may have had its effect although its answer was lost. */
  readonly repeated: boolean
}

type Pause = (ms: number) => Promise<void>
const wait: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function openBucket(name: string, access: Access, pause: Pause = wait): Bucket {
  const call = (method: string, path: string, body?: string) => request(name, access, pause, method, path, body)
  const url = (object: string) => `/storage/v1/b/${name}/o/${encodeURIComponent(object)}`

  const get = async (object: string): Promise<StoredText | undefined> => {
    const {status, text, generation} = await call('GET', `${url(object)}?alt=media`)
    if (status === ABSENT) return undefined
    if (generation === undefined) throw unreachable(name, 'it told no generation')
    return {text, generation}
  }

  return {
    name,
    get,
    async put(object, text, ifGeneration) {
      const condition = ifGeneration === undefined ? '' : `&ifGenerationMatch=${ifGeneration}`
      const path = `/upload/storage/v1/b/${name}/o?uploadType=media&name=${encodeURIComponent(object)}${condition}`
      const answer = await call('POST', path, text)
      if (answer.status === ABSENT) throw noBucket(name)
      if (answer.status !== CONDITION_FAILED) return (JSON.parse(answer.text) as {generation: string}).generation
      if (!answer.repeated) return undefined
      // Our own first attempt may be what stands there.
      const now = await get(object)
      return now?.text === text ? now.generation : undefined
    },
    async remove(object, ifGeneration) {
      const condition = ifGeneration === undefined ? '' : `?ifGenerationMatch=${ifGeneration}`
      const {status, repeated} = await call('DELETE', `${url(object)}${condition}`)
      if (status === ABSENT) return repeated || ifGeneration === undefined
      return status !== CONDITION_FAILED
    },
    async list(prefix) {
      const names: string[] = []
      let page = ''
      do {
        const query = `prefix=${encodeURIComponent(prefix)}&fields=items(name),nextPageToken${page}`
        const {status, text} = await call('GET', `/storage/v1/b/${name}/o?${query}`)
        if (status === ABSENT) return []
        const {items = [], nextPageToken} = JSON.parse(text) as {items?: {name: string}[]; nextPageToken?: string}
        names.push(...items.map((item) => item.name))
        page = nextPageToken === undefined ? '' : `&pageToken=${encodeURIComponent(nextPageToken)}`
      } while (page !== '')
      return names.sort()
    },
  }
}

async function request(
  bucket: string,
  {base, token}: Access,
  pause: Pause,
  method: string,
  path: string,
  body: string | undefined,
): Promise<Answer> {
  const bearer = await token?.()
  for (let attempt = 0; ; attempt++) {
    const last = attempt === PAUSES_MS.length
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: {
          ...(bearer !== undefined && {authorization: `Bearer ${bearer}`}),
          ...(body !== undefined && {'content-type': 'application/json'}),
        },
        ...(body !== undefined && {body}),
        signal: AbortSignal.timeout(DEADLINE_MS),
      })
      const {status} = response
      const text = await response.text()
      const generation = response.headers.get('x-goog-generation') ?? undefined
      if (status < 400 || status === ABSENT || status === CONDITION_FAILED)
        return {status, text, generation, repeated: attempt > 0}
      if (!isPassing(status)) throw refused(bucket, status, text)
      if (last) throw unreachable(bucket, `status ${status}`)
    } catch (thrown) {
      if (thrown instanceof HaError) throw thrown
      if (last) throw unreachable(bucket, thrown instanceof Error ? thrown.message : String(thrown), thrown)
    }
    await pause(PAUSES_MS[attempt]!)
  }
}

const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500

const noBucket = (name: string) =>
  new HaError('STORE_UNREACHABLE', `The bucket gs://${name} does not exist.`, {next: ['ha deploy makes it.']})

const unreachable = (name: string, why: string, cause?: unknown) =>
  new HaError('STORE_UNREACHABLE', `State at gs://${name} is out of reach: ${why}.`, {
    cause,
    next: [
      'Nothing was changed by the call that failed. Run the same command again when storage.googleapis.com answers.',
    ],
  })

function refused(name: string, status: number, text: string): HaError {
  const reason = messageIn(text) ?? `status ${status}`
  return new HaError('STORE_UNREACHABLE', `Cloud Storage refuses gs://${name}: ${reason}`, {
    next: [
      status === 401
        ? 'Sign in again: gcloud auth application-default login'
        : `Ask for roles/storage.objectAdmin on the bucket gs://${name}.`,
    ],
    data: {status},
  })
}

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as {error?: {message?: string}}).error?.message
  } catch {
    return text.trim().slice(0, 200) || undefined
  }
}
