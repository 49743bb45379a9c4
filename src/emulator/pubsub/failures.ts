/** A refusal, worded as Google words it. `code` is the gRPC status: https://grpc.io/docs/guides/status-codes/ */
export class PubSubError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export const CODE = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
} as const

const short = (name: string) => name.split('/').at(-1)

export const invalid = (message: string) => new PubSubError(CODE.invalidArgument, message)
export const notFound = (name: string) =>
  new PubSubError(CODE.notFound, `Resource not found (resource=${short(name)}).`)
export const alreadyExists = (name: string) =>
  new PubSubError(CODE.alreadyExists, `Resource already exists in the project (resource=${short(name)}).`)
export const failedPrecondition = (message: string) => new PubSubError(CODE.failedPrecondition, message)

/** HTTP status of a gRPC code: https://cloud.google.com/apis/design/errors#handling_errors */
const HTTP: Record<number, readonly [number, string]> = {
  [CODE.invalidArgument]: [400, 'INVALID_ARGUMENT'],
  [CODE.notFound]: [404, 'NOT_FOUND'],
  [CODE.alreadyExists]: [409, 'ALREADY_EXISTS'],
  [CODE.failedPrecondition]: [400, 'FAILED_PRECONDITION'],
  [CODE.unimplemented]: [501, 'UNIMPLEMENTED'],
  [CODE.unavailable]: [503, 'UNAVAILABLE'],
}

/** The body of Google's REST errors for anything thrown. */
export function httpError(thrown: unknown): {
  status: number
  body: {error: {code: number; message: string; status: string}}
} {
  const [status, text] = (thrown instanceof PubSubError && HTTP[thrown.code]) || ([500, 'INTERNAL'] as const)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return {status, body: {error: {code: status, message, status: text}}}
}
