/** Cloud SQL Admin API, v1beta4. Source: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4 */
import type {Clock} from '../clock.ts'
import {HaError} from '../errors.ts'
import {ownerRole} from '../topology/names.ts'
import {callJson, findJson, statusOf, withToken} from './rest.ts'
import type {Wires} from './wires.ts'

interface Operation {
  readonly name: string
  readonly status: 'PENDING' | 'RUNNING' | 'DONE'
  readonly error?: {readonly errors?: readonly {readonly message?: string}[]}
}

/** What is prepared is prepared as this role: its members may not make others by themselves, and whoever deploys next must own what is made now. */
const OPERATOR = 'cloudsqlsuperuser'
const NO_ROLE = /permission denied to set role/

/** https://docs.cloud.google.com/sql/docs/troubleshooting: operationInProgress. */
const IN_PROGRESS = 409
const OPERATION_DEADLINE_MS = 120_000
/** An emulated operation takes milliseconds, Google's a second or more: the wait doubles from the first to the last. */
const POLL_MS = {first: 25, last: 1000} as const

const projectUrl = (wires: Wires, project: string) => `${wires.base('sqladmin')}/sql/v1beta4/projects/${project}`

export interface DatabaseRequest {
  readonly project: string
  /** The primary's instance. */
  readonly instance: string
  readonly database: string
  /** IAM users without `.gserviceaccount.com`, as PostgreSQL knows them. */
  readonly users: readonly string[]
  /** The observers' IAM user. */
  readonly observer?: string
  /** E-mail address of who asks: SQL is run as its own IAM user, who must be one of the database's. */
  readonly caller?: string
}

/**
 * Database, IAM users and their grants; each made only when absent. Source:
 * https://docs.cloud.google.com/sql/docs/postgres/executesql-instance, https://docs.cloud.google.com/sql/docs/postgres/add-manage-iam-users
 */
export async function prepareDatabase(
  wires: Wires,
  clock: Clock,
  request: DatabaseRequest,
  token?: string,
): Promise<void> {
  const {project, instance, database, users, observer, caller} = request
  const url = `${projectUrl(wires, project)}/instances/${instance}`
  const make = async (what: string, body: unknown) => {
    const begin = () => callJson<Operation>(`${url}/${what}`, {method: 'POST', body, ...withToken(token)})
    await untilDone(wires, clock, project, await onceFree(clock, begin), token)
  }

  if (!(await findJson(`${url}/databases/${database}`, withToken(token)))) await make('databases', {name: database})
  const {items = []} = await callJson<{items?: readonly {name: string}[]}>(`${url}/users`, withToken(token))
  const present = new Set(items.map(({name}) => name))
  const services = [...users, ...(observer === undefined ? [] : [observer])]
  const operator = caller === undefined ? undefined : operatorOf(caller)
  const wanted = [
    ...(operator ? [operator] : []),
    ...services.map((name) => ({name, type: 'CLOUD_IAM_SERVICE_ACCOUNT'})),
  ]
  for (const body of wanted.filter(({name}) => !present.has(name))) await make('users', body)
  // Whoever was a user before is left as it is, and may not have the role.
  const next = operator
    ? [
        `gcloud sql users assign-roles ${operator.name} --type=${operator.type} --database-roles=${OPERATOR} --instance=${instance} --project=${project}`,
      ]
    : []
  const execute = (on: string, sql: string) => executeAs(`${url}/executeSql`, on, sql, next, token)
  await execute(database, grantsFor(database, users))
  if (observer !== undefined) await execute('postgres', heartbeatsFor(observer))
}

/** Who prepares a database, and later asks how far it is, has as much of it as Cloud SQL gives anybody. */
function operatorOf(email: string) {
  // A user's name is the address in lower case, however it is spelt by who signs in.
  const address = email.toLowerCase()
  const account = address.replace(/\.gserviceaccount\.com$/, '')
  const type = account === address ? 'CLOUD_IAM_USER' : 'CLOUD_IAM_SERVICE_ACCOUNT'
  return {name: account, type, databaseRoles: [OPERATOR]}
}

/** `next`: what helps whoever may not act as the operator. */
async function executeAs(url: string, database: string, sql: string, next: string[], token?: string): Promise<void> {
  const body = {database, sqlStatement: `SET ROLE ${OPERATOR};\n${sql}`, autoIamAuthn: true}
  const {status} = await callJson<{status?: {message: string}}>(url, {
    method: 'POST',
    body,
    deadlineMs: 30_000,
    ...withToken(token),
  })
  // The call succeeds even when the statement does not.
  if (!status) return
  const message = `What ${database} is prepared with was refused: ${status.message}`
  throw new HaError('CLOUD_REFUSED', message, NO_ROLE.test(status.message) ? {next} : {})
}

/**
 * One owner role for everything in the database. Each service logs in as itself and acts as the owner (its DATABASE_URL says so
 * with `options`), so that a table made by one service's migration belongs to all of them.
 */
export function grantsFor(database: string, users: readonly string[]): string {
  const name = ownerRole(database)
  const owner = quoteIdentifier(name)
  return [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN CREATE ROLE ${owner} NOLOGIN; END IF; END $$;`,
    `GRANT ALL ON DATABASE ${quoteIdentifier(database)} TO ${owner};`,
    `GRANT ALL ON SCHEMA public TO ${owner};`,
    // Whoever made the role may pass it on, yet since PostgreSQL 16 has none of its rights: a person with psql needs them.
    `GRANT ${owner} TO CURRENT_USER;`,
    ...users.map((user) => `GRANT ${owner} TO ${quoteIdentifier(user)};`),
  ].join('\n')
}

/**
 * Where observers write their heartbeats, and all that they may do: write there, and see what replication does. Each only when it is
 * not so yet, because what one person made another may not grant. Without pg_monitor they still do all but name the standbys: a
 * cloud that does not let it be granted (since PostgreSQL 16 that needs the admin option) is no reason not to deploy.
 * https://www.postgresql.org/docs/16/predefined-roles.html
 */
export function heartbeatsFor(observer: string): string {
  const [user, text] = [quoteIdentifier(observer), `'${observer.replaceAll("'", "''")}'`]
  return `DO $$ BEGIN
  IF to_regclass('public.ha_heartbeat') IS NULL THEN
    CREATE TABLE public.ha_heartbeat (region text PRIMARY KEY, at timestamptz NOT NULL, lsn pg_lsn NOT NULL);
    GRANT SELECT ON public.ha_heartbeat TO PUBLIC;
  END IF;
  IF NOT has_table_privilege(${text}, 'public.ha_heartbeat', 'INSERT') THEN
    GRANT INSERT, UPDATE ON public.ha_heartbeat TO ${user};
  END IF;
  IF NOT pg_has_role(${text}, 'pg_monitor', 'MEMBER') THEN
    BEGIN GRANT pg_monitor TO ${user}; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
  END IF;
END $$`
}

const quoteIdentifier = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Begins an operation, and waits while another one is under way on the instance: a first backup, Google's own care. */
async function onceFree(clock: Clock, begin: () => Promise<Operation>): Promise<Operation> {
  const deadline = clock.monotonic() + OPERATION_DEADLINE_MS
  for (;;) {
    try {
      return await begin()
    } catch (thrown) {
      if (statusOf(thrown) !== IN_PROGRESS || clock.monotonic() > deadline) throw thrown
    }
    await clock.sleep(POLL_MS.last)
  }
}

async function untilDone(
  wires: Wires,
  clock: Clock,
  project: string,
  operation: Operation,
  token?: string,
): Promise<void> {
  const deadline = clock.monotonic() + OPERATION_DEADLINE_MS
  let current = operation
  let pause: number = POLL_MS.first
  while (current.status !== 'DONE') {
    if (clock.monotonic() > deadline) {
      throw new HaError(
        'TIMED_OUT',
        `Cloud SQL did not finish ${operation.name} within ${OPERATION_DEADLINE_MS / 1000} s.`,
      )
    }
    await clock.sleep(pause)
    pause = Math.min(pause * 2, POLL_MS.last)
    current = await callJson<Operation>(`${projectUrl(wires, project)}/operations/${operation.name}`, withToken(token))
  }
  const message = current.error?.errors?.[0]?.message
  if (message !== undefined) throw new HaError('CLOUD_REFUSED', `Cloud SQL: ${message}`)
}
