/** How Google's Compute API names things and words its refusals. */

/** A refusal as the API gives it. Body: https://cloud.google.com/compute/docs/api/troubleshooting-errors */
export class GoogleError extends Error {
  override readonly name = 'GoogleError'
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }

  get body(): object {
    const {status: code, message, reason} = this
    return {error: {code, message, errors: [{message, domain: 'global', reason}]}}
  }
}

export const notFound = (id: string) => new GoogleError(404, 'notFound', `The resource '${id}' was not found`)

export const alreadyExists = (id: string) =>
  new GoogleError(409, 'alreadyExists', `The resource '${id}' already exists`)

export const staleFingerprint = () => new GoogleError(412, 'conditionNotMet', 'Invalid fingerprint.')

/** `field` is a path below the resource, e.g. `backends[0].capacityScaler`. */
export const invalid = (field: string, value: unknown, why: string) =>
  new GoogleError(400, 'invalid', `Invalid value for field 'resource.${field}': '${spell(value)}'. ${why}`)

export const inUse = (noun: string, id: string, user: string) =>
  new GoogleError(
    400,
    'resourceInUseByAnotherResource',
    `The ${noun} resource '${id}' is already being used by '${user}'`,
  )

/** The same refusal as the gcp provider words it when a Pulumi step fails. */
export function asProviderError(deed: string, thrown: unknown): unknown {
  if (!(thrown instanceof GoogleError)) return thrown
  return new Error(`Error ${deed}: googleapi: Error ${thrown.status}: ${thrown.message}, ${thrown.reason}`)
}

function spell(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export const ROOT = 'https://www.googleapis.com/compute/v1/'

export const selfLink = (id: string) => `${ROOT}${id}`

/** https://cloud.google.com/compute/docs/naming-resources */
export const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/

/**
 * `projects/P/global/urlMaps/N` of a reference in any form the API takes: a full URL of any endpoint, a path from `projects/` or
 * from `global/`, or a bare name of the `collection` expected there.
 */
export function relativeName(reference: string, project: string, collection: string): string {
  const path = reference.replace(/^https?:\/\/[^/]+(\/compute)?\/(v1|beta|alpha)\//, '')
  if (path.startsWith('projects/')) return path
  if (path.includes('/')) return `projects/${project}/${path}`
  return `projects/${project}/global/${collection}/${path}`
}

export const lastSegment = (reference: string) => reference.slice(reference.lastIndexOf('/') + 1)

/** A field without which nothing can be named. */
export function requireOf(inputs: Readonly<Record<string, unknown>>, field: string): string {
  const value = inputs[field]
  if (typeof value === 'string' && value !== '') return value
  throw new GoogleError(400, 'required', `${field}: required field is not set`)
}
