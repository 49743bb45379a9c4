/** Errors as the Kubernetes API words them: every failure of the API server or the store is an ApiError with a `Status` body. */
import type {Json} from './objects.ts'

export type Reason =
  | 'BadRequest'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'UnsupportedMediaType'
  | 'RequestEntityTooLarge'
  | 'TooManyRequests'
  | 'NotImplemented'
  | 'ServiceUnavailable'
  | 'InternalError'

const CODES: Record<Reason, number> = {
  BadRequest: 400,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  Invalid: 422,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  UnsupportedMediaType: 415,
  RequestEntityTooLarge: 413,
  TooManyRequests: 429,
  NotImplemented: 501,
  ServiceUnavailable: 503,
  InternalError: 500,
}

export interface Cause {
  readonly reason: string
  readonly message: string
  readonly field?: string
}

export interface Details {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly Cause[]
  readonly retryAfterSeconds?: number
}

/** `reason` decides the HTTP code; `details` as in metav1.StatusDetails. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly reason: Reason
  readonly details: Details | undefined

  constructor(reason: Reason, message: string, details?: Details) {
    super(message)
    this.reason = reason
    this.details = details
  }

  get code(): number {
    return CODES[this.reason]
  }

  /** The body of the answer, metav1.Status. */
  get status(): Json {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details && {details: this.details}),
      code: this.code,
    }
  }
}

/** `apps/deployments` → `deployments.apps`, as messages call a resource. */
const qualified = (resource: string): string => resource.split('/').reverse().join('.')

const detailsOf = (resource: string, name: string): Details => {
  const [plural = resource, group] = resource.split('/').reverse()
  return {name, ...(group && {group}), kind: plural}
}

export const notFound = (resource: string, name: string): ApiError =>
  new ApiError('NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name))

export const alreadyExists = (resource: string, name: string): ApiError =>
  new ApiError('AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name))

const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

export const conflict = (resource: string, name: string, why = MODIFIED): ApiError =>
  new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  )

/** 422 with one cause per field, worded as field.ErrorList is. */
export const invalid = (kind: string, group: string, name: string, causes: readonly Cause[]): ApiError => {
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  const full = group ? `${kind}.${group}` : kind
  return new ApiError('Invalid', `${full} "${name}" is invalid: ${text}`, {name, ...(group && {group}), kind, causes})
}

export const success = (details: Details): Json => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details,
})
