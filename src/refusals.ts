/** Google's refusals as people can act on them: the permission that is missing, or the API that is off, and the line that mends it. */

export interface Refusal {
  readonly code: 'PERMISSION_MISSING' | 'API_DISABLED' | 'KEY_DISABLED'
  /** `pubsub.topics.create`, `sqladmin.googleapis.com`, or a key's version. */
  readonly name: string
  readonly next: readonly string[]
}

/**
 * How services name a permission. Sources: google.rpc.ErrorInfo with the reason IAM_PERMISSION_DENIED
 * (https://docs.cloud.google.com/iam/docs/permission-error-messages), and the older wordings of Compute Engine, GKE, Cloud Storage and
 * the Kubernetes API of GKE.
 */
const MISSING = [
  /"permission":\s*"([a-z]+\.\w+\.\w+)"/i,
  /Permission ["']([a-z]+\.\w+\.\w+)["'] denied/i,
  /Required ["']([a-z]+\.\w+\.\w+)["'] permission/i,
  /does not have ([a-z]+\.\w+\.\w+) access/i,
  /requires one of \["([a-z]+\.\w+\.\w+)"/i,
]

/** google.rpc.ErrorInfo with the reason SERVICE_DISABLED, and its sentence. https://docs.cloud.google.com/service-usage/docs/enable-disable */
const DISABLED = /SERVICE_DISABLED|accessNotConfigured|has not been used in project|API .*is disabled/i
const API = /\b([a-z][a-z0-9-]*\.googleapis\.com)(?=\/overview|"|'|\s|$)/
const PROJECT = /(?:project=|projects\/|in project )([a-z0-9][a-z0-9-]{4,})/

/** https://docs.cloud.google.com/kms/docs/key-states: what was sealed with such a version cannot be opened while it is so. */
const SHUT =
  /projects\/([^/]+)\/locations\/([^/]+)\/keyRings\/([^/]+)\/cryptoKeys\/([^/]+)\/cryptoKeyVersions\/(\d+) is not enabled, current state is: ([A-Z_]+)/

/** Undefined: the text is no refusal, or does not say what is missing. Pure. */
export function refusalOf(text: string): Refusal | undefined {
  const project = PROJECT.exec(text)?.[1] ?? 'PROJECT'
  if (DISABLED.test(text)) {
    const name = API.exec(text)?.[1] ?? 'API'
    const line = `gcloud services enable ${name} --project=${project}`
    return {code: 'API_DISABLED', name, next: [`${line}, wait a minute, then run the same command.`]}
  }
  const shut = SHUT.exec(text)
  if (shut) {
    const [, owner, location, ring, key, version, state] = shut
    const of = `${version} --key=${key} --keyring=${ring} --location=${location} --project=${owner}`
    const restore = state === 'DESTROY_SCHEDULED' ? [`gcloud kms keys versions restore ${of}, and then`] : []
    return {
      code: 'KEY_DISABLED',
      name: `${key}/${version}`,
      next: [...restore, `gcloud kms keys versions enable ${of}`],
    }
  }
  const name = MISSING.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined)
  if (name === undefined) return undefined
  return {
    code: 'PERMISSION_MISSING',
    name,
    next: [
      `The account lacks ${name}. If its role was made from deployer-role.yaml: gcloud iam roles update haDeployer --project=${project} --add-permissions=${name}`,
      'Else grant a role that has it; `ha init --ci` writes one that has all of them.',
    ],
  }
}
