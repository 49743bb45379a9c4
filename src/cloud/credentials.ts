/**
 * Who we are for Google: Application Default Credentials, looked for without ever asking the network whether this machine is
 * one of Google's. https://docs.cloud.google.com/docs/authentication/application-default-credentials
 */
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {HaError} from '../errors.ts'

export type Credentials =
  /** A token that was passed in; the engine takes it from the same variable. */
  | {readonly kind: 'token'; readonly token: string}
  | {readonly kind: 'file'; readonly path: string}
  /** This machine is Google's own and is told who it is by the metadata server. */
  | {readonly kind: 'machine'}

type Env = Readonly<Record<string, string | undefined>>

export interface Surroundings {
  readonly env: Env
  readonly home: string
  /** The machine's maker, as the firmware says. */
  readonly product: () => string
}

const TOKEN_DEADLINE_MS = 10_000
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
/** Set on Google's serverless platforms (https://docs.cloud.google.com/run/docs/container-contract#env-vars). */
const ON_GOOGLE = ['K_SERVICE', 'CLOUD_RUN_JOB', 'FUNCTION_TARGET', 'GCE_METADATA_HOST', 'BUILDER_OUTPUT']

/** https://docs.cloud.google.com/compute/docs/instances/detect-compute-engine */
export const firmwareProduct = (): string => {
  try {
    return readFileSync('/sys/class/dmi/id/product_name', 'utf8').trim()
  } catch {
    return ''
  }
}

/** The way `gcloud auth application-default login` gives them to programs; undefined when there are none. @throws HaError CREDENTIALS_MISSING when a file is named that is not there. */
export function findCredentials({env, home, product}: Surroundings): Credentials | undefined {
  if (env.GOOGLE_OAUTH_ACCESS_TOKEN) return {kind: 'token', token: env.GOOGLE_OAUTH_ACCESS_TOKEN}
  const named = env.GOOGLE_APPLICATION_CREDENTIALS
  if (named) {
    if (existsSync(named)) return {kind: 'file', path: named}
    throw new HaError('CREDENTIALS_MISSING', `GOOGLE_APPLICATION_CREDENTIALS names ${named}, which is not there.`, {
      next: ['Correct the variable, or unset it and run: gcloud auth application-default login'],
    })
  }
  const usual = join(env.CLOUDSDK_CONFIG || join(home, '.config', 'gcloud'), 'application_default_credentials.json')
  if (existsSync(usual)) return {kind: 'file', path: usual}
  const onGoogle = ON_GOOGLE.some((name) => env[name]) || /Google/.test(product())
  return onGoogle ? {kind: 'machine'} : undefined
}

/** @throws HaError CREDENTIALS_MISSING that says what to type. */
export function requireCredentials(surroundings: Surroundings): Credentials {
  const found = findCredentials(surroundings)
  if (found) return found
  throw new HaError('CREDENTIALS_MISSING', 'There are no credentials for Google Cloud on this machine.', {
    next: [
      'At a desk: gcloud auth application-default login',
      'In a pipeline: let workload identity federation set GOOGLE_APPLICATION_CREDENTIALS; `ha init --ci github` writes one that does.',
      'To rehearse on this machine, without an account: ha deploy -e local',
    ],
  })
}

/** A token for Google's APIs, asked for when first needed and renewed by Google's library. @throws HaError CREDENTIALS_MISSING, CLOUD_UNREACHABLE */
export function tokenSource(credentials: Credentials, project: string): () => Promise<string> {
  if (credentials.kind === 'token') return async () => credentials.token
  let auth: Promise<{getAccessToken(): Promise<string | null | undefined>}> | undefined
  const load = async () => {
    const {GoogleAuth} = await import('google-auth-library')
    // Without a project the library would look for one on the network.
    return new GoogleAuth({scopes: [SCOPE], projectId: project})
  }
  return async () => {
    auth ??= load()
    const token = await within(auth.then((it) => it.getAccessToken()))
    if (token) return token
    throw refused('they give no token')
  }
}

async function within<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `Google gave no token within ${TOKEN_DEADLINE_MS / 1000} s.`
      reject(
        new HaError('CLOUD_UNREACHABLE', message, {next: ['Check that this machine reaches oauth2.googleapis.com.']}),
      )
    }, TOKEN_DEADLINE_MS)
  })
  try {
    return await Promise.race([asked, late])
  } catch (thrown) {
    throw thrown instanceof HaError ? thrown : refused((thrown as Error).message, thrown)
  } finally {
    clearTimeout(timer)
  }
}

const refused = (why: string, cause?: unknown) =>
  new HaError('CREDENTIALS_MISSING', `Google refuses the credentials of this machine: ${why.split('\n')[0]}`, {
    cause,
    next: ['Sign in again: gcloud auth application-default login'],
  })
