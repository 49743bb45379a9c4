/** Asks Cloud Storage for the word. https://docs.cloud.google.com/storage/docs/json_api/v1/objects/get */
import {ask, speakerOf, textOf} from '../lean/ask.ts'
import type {Said} from './lease.ts'
import {parseWord} from './word.ts'

const DEADLINE_MS = 1_000
/** https://docs.cloud.google.com/compute/docs/metadata/querying-metadata */
const TOKEN_URL = 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token'
/** The metadata server hands out the same token until five minutes before its end. */
const TOKEN_MARGIN_MS = 240_000

export interface AuthorityOptions {
  /** `https://storage.googleapis.com`, or the emulator's address; no trailing slash. */
  readonly base: string
  readonly bucket: string
  readonly object: string
  /** Google wants a token of the pod's service account; the emulator none. */
  readonly signed: boolean
}

/** A function that resolves with what the object says, undefined while there is none, and rejects within a second or two. */
export function openAuthority({base, bucket, object, signed}: AuthorityOptions): () => Promise<Said | undefined> {
  const agent = new (speakerOf(base).Agent)({keepAlive: true})
  const url = `${base}/storage/v1/b/${bucket}/o/${encodeURIComponent(object)}?alt=media`
  let token: {readonly value: string; readonly until: number} | undefined

  async function authorization(): Promise<Record<string, string>> {
    if (!signed) return {}
    if (!token || performance.now() > token.until) {
      const answer = await ask(TOKEN_URL, {headers: {'metadata-flavor': 'Google'}, within: DEADLINE_MS})
      const text = await textOf(answer)
      if (answer.statusCode !== 200) throw new Error(`the metadata server answers ${answer.statusCode}`)
      const {access_token: value, expires_in: seconds} = JSON.parse(text) as {access_token: string; expires_in: number}
      token = {value, until: performance.now() + seconds * 1_000 - TOKEN_MARGIN_MS}
    }
    return {authorization: `Bearer ${token.value}`}
  }

  return async () => {
    const answer = await ask(url, {headers: await authorization(), agent, within: DEADLINE_MS})
    const [text, status] = [await textOf(answer), answer.statusCode]
    if (status === 404) return undefined
    if (status === 401) token = undefined
    if (status !== 200) throw new Error(`Cloud Storage answers ${status}`)
    return {word: parseWord(text), generation: String(answer.headers['x-goog-generation'] ?? '')}
  }
}
