/** Pulumi's messages to and from plain values. */
import {Metadata, type ServerErrorResponse, status} from '@grpc/grpc-js'
import type {Props} from '../contract.ts'
import {formatPath} from './diff.ts'
import {Any, messages, Status, Struct} from './protocol.ts'
import {type Diffed, InitFailed} from './session.ts'
import {compact, type Path, unwrap, wrap} from './values.ts'

export function checkResponse(
  inputs: Props,
  secrets: readonly Path[],
  failures: readonly {property: string; reason: string}[],
) {
  const response = new messages.CheckResponse()
  response.setInputs(write(inputs, secrets))
  for (const {property, reason} of failures) {
    const failure = new messages.CheckFailure()
    failure.setProperty(property)
    failure.setReason(reason)
    response.addFailures(failure)
  }
  return response
}

export function diffResponse({changes, deleteBeforeReplace}: Diffed) {
  const {DiffResponse, PropertyDiff} = messages
  const response = new DiffResponse()
  response.setHasdetaileddiff(true)
  response.setChanges(changes.length > 0 ? DiffResponse.DiffChanges.DIFF_SOME : DiffResponse.DiffChanges.DIFF_NONE)
  response.setDeletebeforereplace(deleteBeforeReplace)
  const kinds = {
    add: [PropertyDiff.Kind.ADD, PropertyDiff.Kind.ADD_REPLACE],
    delete: [PropertyDiff.Kind.DELETE, PropertyDiff.Kind.DELETE_REPLACE],
    update: [PropertyDiff.Kind.UPDATE, PropertyDiff.Kind.UPDATE_REPLACE],
  } as const
  for (const {path, kind, replaces} of changes) {
    const detail = new PropertyDiff()
    detail.setKind(kinds[kind][replaces ? 1 : 0])
    detail.setInputdiff(true)
    response.getDetaileddiffMap().set(formatPath(path), detail)
    response.addDiffs(String(path[0]))
    if (replaces) response.addReplaces(String(path[0]))
  }
  return response
}

export function read(struct: {toJavaScript(): unknown} | undefined) {
  return unwrap((struct?.toJavaScript() ?? {}) as Props)
}

export function write(value: Props, secrets: readonly Path[]) {
  // biome-ignore lint/suspicious/noExplicitAny: the generated type does not name nested values
  return Struct.fromJavaScript(wrap(compact(value), secrets) as any)
}

export const keepSecrets = (secrets: readonly Path[]) => (error: unknown) => {
  if (!(error instanceof InitFailed)) throw error
  throw new InitFailed(error.message, {...error, outputs: wrap(error.outputs, secrets)})
}

/** As the SDK's own providers report a resource that exists but did not become ready. */
export function errorReply(error: Error): Partial<ServerErrorResponse> {
  if (!(error instanceof InitFailed)) return {code: status.UNKNOWN, message: error.message}
  const detail = new messages.ErrorResourceInitFailed()
  detail.setId(error.id)
  detail.setProperties(write(error.outputs, []))
  detail.setReasonsList([...error.reasons])
  const any = new Any()
  any.pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed')
  const details = new Status()
  details.setCode(status.UNKNOWN)
  details.setMessage(error.message)
  details.addDetails(any)
  const metadata = new Metadata()
  metadata.add('grpc-status-details-bin', Buffer.from(details.serializeBinary()))
  return {code: status.UNKNOWN, message: error.message, metadata}
}
