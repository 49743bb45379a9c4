/** instances.executeSql: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances/executeSql */
import pg from 'pg'
import {identifier} from './admin.ts'
import type {Instance} from './instance.ts'

export interface ExecuteRequest {
  readonly sqlStatement: string
  readonly database?: string
  /** The session's role. Without: `postgres`, a member of cloudsqlsuperuser, standing for the caller's own IAM user. */
  readonly user?: string
  readonly rowLimit?: number
}

export interface ExecuteResponse {
  readonly results: readonly {
    readonly columns: readonly {readonly name: string; readonly type: string}[]
    readonly rows: readonly {readonly values: readonly ({readonly value: string} | {readonly nullValue: true})[]}[]
    readonly message: string
    readonly partialResult?: boolean
  }[]
  readonly messages: readonly {readonly message: string; readonly severity: string}[]
  readonly metadata: {readonly sqlStatementExecutionTime: string}
  /** The database refused; `code` as google.rpc.Code. */
  readonly status?: {readonly code: number; readonly message: string}
}

const TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries(pg.types.builtins).map(([name, oid]) => [Number(oid), name]),
)

/** Operator intervention: it is starting or ending. https://www.postgresql.org/docs/18/errcodes-appendix.html */
const SERVER_AWAY = /^57P0[123]$/

/** Everything as text, as the API returns it. */
const AS_TEXT = {getTypeParser: () => (value: string) => value} as unknown as pg.CustomTypesConfig

export async function executeSql(instance: Instance, request: ExecuteRequest): Promise<ExecuteResponse> {
  const {sqlStatement, database = 'postgres', user = 'postgres', rowLimit = Number.POSITIVE_INFINITY} = request
  const started = performance.now()
  const messages: {message: string; severity: string}[] = []
  const metadata = () => ({sqlStatementExecutionTime: `${((performance.now() - started) / 1000).toFixed(3)}s`})
  try {
    const results = await instance.admin(
      async (client) => {
        client.on('notice', (notice) =>
          messages.push({message: notice.message ?? '', severity: notice.severity ?? 'NOTICE'}),
        )
        await client.query(`SET SESSION AUTHORIZATION ${identifier(user)}`)
        const answer: unknown = await client.query({text: sqlStatement, rowMode: 'array', types: AS_TEXT})
        return (Array.isArray(answer) ? answer : [answer]) as pg.QueryArrayResult<(string | null)[]>[]
      },
      {database, timeoutMs: 60_000},
    )
    return {results: results.map((result) => toResult(result, rowLimit)), messages, metadata: metadata()}
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || SERVER_AWAY.test(error.code ?? '')) {
      throw Object.assign(new Error(`The server does not answer: ${(error as Error).message}`), {statusCode: 503})
    }
    const status = {code: 3, message: `${error.severity}: ${error.message} (SQLSTATE ${error.code})`}
    return {results: [], messages, metadata: metadata(), status}
  }
}

function toResult({fields, rows, command, rowCount}: pg.QueryArrayResult<(string | null)[]>, rowLimit: number) {
  return {
    columns: fields.map(({name, dataTypeID}) => ({name, type: TYPES.get(dataTypeID) ?? String(dataTypeID)})),
    rows: rows.slice(0, rowLimit).map((row) => ({
      values: row.map((value) => (value === null ? {nullValue: true as const} : {value})),
    })),
    message: [command, rowCount].filter((part) => part !== null && part !== undefined).join(' '),
    ...(rows.length > rowLimit ? {partialResult: true} : {}),
  }
}
