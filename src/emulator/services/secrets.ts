/**
 * Secret Manager: https://cloud.google.com/secret-manager/docs/reference/rest. Payloads lie in files that only the owner may read,
 * never in the records, and are never logged.
 */
import {existsSync, readdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import type {FastifyInstance} from 'fastify'
import type {Props, Service, World} from '../contract.ts'
import {readJson, writeJson} from '../files.ts'
import {membership} from './identity.ts'
import {idOf, now, projectNumber} from './names.ts'
import {type Plain, plainTypes} from './plain.ts'
import {failWith} from './rest.ts'
import {matches, rules} from './rules.ts'

const SECRET = 'gcp:secretmanager/secret:Secret'
/** Source: https://cloud.google.com/secret-manager/quotas */
const MAX_PAYLOAD = 65_536

interface Version {
  readonly number: number
  readonly createTime: string
  readonly state: 'ENABLED' | 'DISABLED' | 'DESTROYED'
  /** Base64. */
  readonly data: string
}

const types: readonly Plain[] = [
  {
    token: SECRET,
    immutable: ['replication'],
    id: ({project, secretId}) => `projects/${project}/secrets/${secretId}`,
    derive: ({project, secretId}) => ({name: `projects/${projectNumber(project as string)}/secrets/${secretId}`}),
    born: () => ({createTime: now()}),
    check: rules(matches('secretId', /^[a-zA-Z0-9_-]{1,255}$/, '1–255 letters, digits, hyphens and underscores')),
  },
  membership(
    'gcp:secretmanager/secretIamMember:SecretIamMember',
    ({secretId, project}) => idOf(String(secretId), `projects/${project}/secrets`),
    ({secretId, project}) => [[SECRET, idOf(String(secretId), `projects/${project}/secrets`)]],
  ),
]

export function createSecretsService(world: World): Service {
  const {records} = world
  const folder = (project: string, secret: string) => join(world.dir, 'secretmanager', project, secret)
  const resources = plainTypes(records, types).map((type) => {
    if (type.token !== SECRET) return type
    return {
      ...type,
      async delete(id: string, outputs: Props) {
        if (outputs.deletionProtection === true) throw new Error(`Cannot destroy ${id}: deletionProtection is true.`)
        await type.delete(id, outputs)
        const [, project, , secret] = id.split('/') as [string, string, string, string]
        rmSync(folder(project, secret), {recursive: true, force: true})
      },
    }
  })
  return {name: 'secretmanager', resources, routes: (server) => routes(server, world, folder)}
}

function routes(server: FastifyInstance, {records}: World, folder: (project: string, secret: string) => string) {
  const known = (project: string, secret: string) =>
    records.get(SECRET, `projects/${project}/secrets/${secret}`) ??
    failWith(404, `Secret [projects/${projectNumber(project)}/secrets/${secret}] not found.`)

  server.get<{Params: {project: string}}>('/v1/projects/:project/secrets', ({params}) => {
    const prefix = `projects/${params.project}/`
    const found = records.list(SECRET).filter(({id}) => id.startsWith(prefix))
    return {secrets: found.map(({outputs}) => describe(outputs)), totalSize: found.length}
  })

  server.get<{Params: {project: string; secret: string}}>('/v1/projects/:project/secrets/:secret', ({params}) =>
    describe(known(params.project, params.secret)),
  )

  // The verb is part of the last segment: `secrets/S:addVersion`.
  server.post<{Params: {project: string; target: string}; Body: {payload?: {data?: string}}}>(
    '/v1/projects/:project/secrets/:target',
    ({params: {project, target}, body}) => {
      const [secret, verb] = target.split(':') as [string, string | undefined]
      if (verb !== 'addVersion') return failWith(404, `Unknown method ${verb ?? ''}.`)
      known(project, secret)
      const data = Buffer.from(body?.payload?.data ?? '', 'base64')
      if (data.length === 0) return failWith(400, 'Secret Payload cannot be empty.')
      if (data.length > MAX_PAYLOAD) return failWith(400, `Secret Payload is larger than ${MAX_PAYLOAD} bytes.`)
      const home = folder(project, secret)
      const version: Version = {
        number: Math.max(0, ...versionsIn(home).map(({number}) => number)) + 1,
        createTime: now(),
        state: 'ENABLED',
        data: data.toString('base64'),
      }
      writeJson(join(home, `${version.number}.json`), version, 0o600)
      return describeVersion(project, secret, version)
    },
  )

  server.get<{Params: {project: string; secret: string}}>(
    '/v1/projects/:project/secrets/:secret/versions',
    ({params: {project, secret}}) => {
      known(project, secret)
      const versions = versionsIn(folder(project, secret)).reverse()
      return {versions: versions.map((each) => describeVersion(project, secret, each)), totalSize: versions.length}
    },
  )

  server.get<{Params: {project: string; secret: string; target: string}}>(
    '/v1/projects/:project/secrets/:secret/versions/:target',
    ({params: {project, secret, target}}) => {
      known(project, secret)
      const [wanted, verb] = target.split(':') as [string, string | undefined]
      const versions = versionsIn(folder(project, secret)).filter(({state}) => state === 'ENABLED')
      const version = wanted === 'latest' ? versions.at(-1) : versions.find(({number}) => String(number) === wanted)
      const name = `projects/${projectNumber(project)}/secrets/${secret}/versions/${wanted}`
      if (!version) return failWith(404, `Secret Version [${name}] not found.`)
      const described = describeVersion(project, secret, version)
      return verb === 'access' ? {name: described.name, payload: {data: version.data}} : described
    },
  )
}

function describe({name, createTime, replication, effectiveLabels}: Props): Props {
  const {userManaged} = replication as {userManaged?: unknown}
  return {name, createTime, replication: userManaged ? {userManaged} : {automatic: {}}, labels: effectiveLabels}
}

function describeVersion(project: string, secret: string, {number, createTime, state}: Version) {
  return {
    name: `projects/${projectNumber(project)}/secrets/${secret}/versions/${number}`,
    createTime,
    state,
    etag: `"${number}"`,
  }
}

/** Oldest first. */
function versionsIn(home: string): Version[] {
  if (!existsSync(home)) return []
  const files = readdirSync(home).filter((name) => /^\d+\.json$/.test(name))
  const versions = files.map((name) => readJson<Version>(join(home, name))).filter((each) => each !== undefined)
  return versions.sort((a, b) => a.number - b.number)
}
