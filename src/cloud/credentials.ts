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
/** The second, so that the token tells whose it is. */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/userinfo.email']
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

/** A token for Google's APIs, renewed by Google's library, and whom it speaks for; both asked for when first needed. */
export interface Identity {
  /** @throws HaError CREDENTIALS_MISSING, CLOUD_UNREACHABLE */
  token(): Promise<string>
  /** E-mail address. @throws HaError CREDENTIALS_MISSING when they are nobody's who has one, CLOUD_UNREACHABLE */
  caller(): Promise<string>
}

export function identityOf(credentials: Credentials, project: string): Identity {
  let auth: Promise<import('google-auth-library').GoogleAuth> | undefined
  const load = async () => {
    const {GoogleAuth} = await import('google-auth-library')
    // Without a project the library would look for one on the network.
    return new GoogleAuth({scopes: SCOPES, projectId: project})
  }
  const google = () => {
    auth ??= load()
    return auth
  }
  const token = async () => {
    if (credentials.kind === 'token') return credentials.token
    const found = await within(google().then((it) => it.getAccessToken()))
    if (found) return found
    throw refused('they give no token')
  }
  return {
    token,
    caller: async () => {
      const email = (await within(emailOf(credentials, google))) ?? (await tokenEmail(await token()))
      if (email) return email
      throw refused('they speak for nobody with an e-mail address, whom Cloud SQL could let in')
    },
  }
}

/** Of an account that is named: a service account's key, one that is impersonated, a machine's. People are only known by their token. */
async function emailOf({kind}: Credentials, google: () => Promise<import('google-auth-library').GoogleAuth>) {
  if (kind === 'token') return undefined
  const it = await google()
  await it.getClient()
  return (await it.getCredentials()).client_email
}

/** https://developers.google.com/identity/protocols/oauth2/openid-connect, whose token information tells the address to whoever has the token */
async function tokenEmail(token: string): Promise<string | undefined> {
  const {OAuth2Client} = await import('google-auth-library')
  return (await within(new OAuth2Client().getTokenInfo(token))).email
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
