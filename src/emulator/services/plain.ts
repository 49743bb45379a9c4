/** Resources that are records and nothing more: their type is a table row. */
import type {CheckFailure, Props, Records, ResourceType} from '../contract.ts'
import type {GcpToken} from '../provider/tokens.ts'

/** Another resource, by token and id. */
export type Reference = readonly [token: GcpToken, id: string]

export interface Plain<I extends Props = Props> {
  readonly token: GcpToken
  /** As in ResourceType. */
  readonly immutable?: readonly string[]
  id(inputs: I): string
  /** Outputs that follow from the inputs. */
  derive?(inputs: I, id: string): Props
  /** Outputs chosen once, when the resource is made. */
  born?(inputs: I, id: string): Props
  check?(inputs: I): readonly CheckFailure[]
  /** What must exist first, and cannot be deleted before this. Also given outputs, which include the inputs. */
  needs?(inputs: I): readonly Reference[]
  /** Making it again is no conflict: memberships, enabled services. */
  readonly repeatable?: boolean
  /** Google keeps it when it is deleted: it can be made only once. */
  readonly indelible?: boolean
  /** Whether an update in place exists. Default true. */
  readonly updatable?: boolean
}

/** An error in the words of Google's client. */
export function googleError(status: number, message: string, reason: string): Error {
  return new Error(`googleapi: Error ${status}: ${message}, ${reason}`)
}

/** Makes the types of one service; `all` is needed whole, to know what is in use. */
export function plainTypes(records: Records, all: readonly Plain[]): ResourceType[] {
  return all.map((plain) => plainType(records, plain, all))
}

function plainType(records: Records, plain: Plain, all: readonly Plain[]): ResourceType {
  const {token} = plain
  const outputsOf = (inputs: Props, id: string, born: Props) => ({...born, ...inputs, ...plain.derive?.(inputs, id)})
  const requireNeeds = (inputs: Props) => {
    for (const [needed, id] of plain.needs?.(inputs) ?? []) {
      if (!records.get(needed, id)) throw googleError(404, `The resource '${id}' was not found`, 'notFound')
    }
  }
  const update = async (id: string, outputs: Props, inputs: Props): Promise<Props> => {
    requireNeeds(inputs)
    const before = records.get(token, id)
    if (!before) throw googleError(404, `The resource '${id}' was not found`, 'notFound')
    const chosen = Object.keys(plain.born?.(inputs, id) ?? {}).map((name) => [name, before[name] ?? outputs[name]])
    const now = outputsOf(inputs, id, Object.fromEntries(chosen))
    records.put(token, id, now)
    return now
  }
  return {
    token,
    ...(plain.immutable && {immutable: plain.immutable}),
    ...(plain.check && {check: plain.check}),
    known: (inputs, id = plain.id(inputs)) => ({...outputsOf(inputs, id, {}), id}),
    async create(inputs) {
      requireNeeds(inputs)
      const id = plain.id(inputs)
      if (!plain.repeatable && records.get(token, id)) {
        throw googleError(409, `The resource '${id}' already exists`, 'alreadyExists')
      }
      const outputs = outputsOf(inputs, id, plain.born?.(inputs, id) ?? {})
      records.put(token, id, outputs)
      return {id, outputs}
    },
    read: async (id) => records.get(token, id),
    ...(plain.updatable !== false && {update}),
    async delete(id) {
      const user = userOf(records, all, token, id)
      if (user !== undefined) {
        throw googleError(
          400,
          `The resource '${id}' is already being used by '${user}'`,
          'resourceInUseByAnotherResource',
        )
      }
      if (!plain.indelible) records.delete(token, id)
    },
  }
}

/** The id of a record that needs this one. */
function userOf(records: Records, all: readonly Plain[], token: string, id: string): string | undefined {
  for (const other of all.filter(({needs}) => needs !== undefined)) {
    const users = records.list(other.token).filter(({outputs}) => {
      return other.needs!(outputs).some(([needed, neededId]) => needed === token && neededId === id)
    })
    if (users[0]) return users[0].id
  }
  return undefined
}
