/** Errors of Google's REST APIs. Source: https://cloud.google.com/apis/design/errors */
const STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
}

/** Thrown by a route; the googleapis server answers it as Google does. */
export class RestError extends Error {
  override readonly name = 'RestError'
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

export function failWith(statusCode: number, message: string): never {
  throw new RestError(statusCode, message)
}

/** The body of a failed request. */
export function errorBody(code: number, message: string) {
  return {error: {code, message, status: STATUS[code] ?? 'INTERNAL'}}
}
