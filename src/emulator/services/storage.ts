/** Cloud Storage: buckets, and small objects with their generations. https://docs.cloud.google.com/storage/docs/json_api/v1 */
import type {FastifyInstance, FastifyReply} from 'fastify'
import type {Props, Service, World} from '../contract.ts'
import {membership} from './identity.ts'
import {now, projectNumber} from './names.ts'
import {googleError, type Plain, plainTypes} from './plain.ts'
import {failWith} from './rest.ts'
import {matches, oneOf, rules} from './rules.ts'

export const BUCKET = 'gcp:storage/bucket:Bucket'
/** No Pulumi type: objects are nobody's resource here. */
const OBJECT = 'storage:object'

interface Stored extends Props {
  readonly text: string
  /** Grows with every write, also over a deletion. https://docs.cloud.google.com/storage/docs/metadata#generation-number */
  readonly generation: string
  readonly contentType: string
  readonly timeCreated: string
}

const types: readonly Plain[] = [
  {
    token: BUCKET,
    id: ({name}) => String(name),
    derive: (inputs) => ({
      location: String(inputs.location).toUpperCase(),
      storageClass: inputs.storageClass ?? 'STANDARD',
      url: `gs://${inputs.name}`,
      selfLink: `https://www.googleapis.com/storage/v1/b/${inputs.name}`,
      projectNumber: Number(projectNumber(String(inputs.project))),
    }),
    born: () => ({timeCreated: now(), updated: now()}),
    check: rules(
      matches(
        'name',
        /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/,
        '3–63 lower-case letters, digits, hyphens, dots, underscores',
      ),
      oneOf('publicAccessPrevention', ['inherited', 'enforced']),
    ),
  },
  membership(
    'gcp:storage/bucketIAMMember:BucketIAMMember',
    ({bucket}) => `b/${bucket}`,
    ({bucket}) => [[BUCKET, String(bucket)]],
  ),
]

export function createStorageService(world: World): Service {
  const {records} = world
  const objectsIn = (bucket: string) => records.list(OBJECT).filter(({id}) => id.startsWith(`${bucket}/`))
  const resources = plainTypes(records, types).map((type) => {
    if (type.token !== BUCKET) return type
    return {
      ...type,
      async delete(id: string, outputs: Props) {
        const objects = objectsIn(id)
        if (objects.length > 0 && outputs.forceDestroy !== true)
          throw googleError(409, 'The bucket you tried to delete is not empty.', 'conflict')
        for (const object of objects) records.delete(OBJECT, object.id)
        await type.delete(id, outputs)
      },
    }
  })
  return {name: 'storage', resources, routes: (server) => void server.register(async (scope) => routes(scope, world))}
}

interface Of {
  Params: {bucket: string; object: string}
  Querystring: {alt?: string; name?: string; ifGenerationMatch?: string; prefix?: string; uploadType?: string}
  Body: string | undefined
}

function routes(server: FastifyInstance, {records}: World): void {
  // An object is whatever it is, not JSON to be understood.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', {parseAs: 'string'}, (_, body, done) => done(null, body))

  const bucketOf = (name: string) => records.get(BUCKET, name) ?? failWith(404, 'The specified bucket does not exist.')
  const find = (bucket: string, name: string) => records.get(OBJECT, `${bucket}/${name}`) as Stored | undefined
  /** https://docs.cloud.google.com/storage/docs/request-preconditions */
  const require = (found: Stored | undefined, wanted: string | undefined) => {
    if (wanted !== undefined && wanted !== (found?.generation ?? '0'))
      failWith(412, 'At least one of the pre-conditions you specified did not hold.')
  }
  const known = (bucket: string, name: string) => {
    bucketOf(bucket)
    return find(bucket, name) ?? failWith(404, `No such object: ${bucket}/${name}`)
  }

  server.get<Of>('/storage/v1/b/:bucket', ({params}) => {
    const {name, location, storageClass, timeCreated} = bucketOf(params.bucket)
    return {kind: 'storage#bucket', id: name, name, location, storageClass, timeCreated}
  })

  server.get<Of>('/storage/v1/b/:bucket/o', ({params: {bucket}, query: {prefix = ''}}) => {
    bucketOf(bucket)
    const items = records
      .list(OBJECT)
      .filter(({id}) => id.startsWith(`${bucket}/${prefix}`))
      .map(({id, outputs}) => describe(bucket, id.slice(bucket.length + 1), outputs as Stored))
    return {kind: 'storage#objects', items}
  })

  server.get<Of>('/storage/v1/b/:bucket/o/:object', ({params: {bucket, object}, query}, reply) => {
    const stored = known(bucket, object)
    if (query.alt !== 'media') return describe(bucket, object, stored)
    return media(reply, stored)
  })

  server.post<Of>('/upload/storage/v1/b/:bucket/o', ({params: {bucket}, query, body = '', headers}) => {
    bucketOf(bucket)
    const {name, uploadType, ifGenerationMatch} = query
    if (uploadType !== 'media') failWith(400, `Not emulated: uploadType ${uploadType ?? ''}`)
    if (!name) failWith(400, 'Required parameter: name')
    const before = find(bucket, name)
    require(before, ifGenerationMatch)
    const stored: Stored = {
      text: body,
      // Microseconds, as Google's look; never twice the same.
      generation: String(Math.max(Date.now() * 1_000, Number(before?.generation ?? 0) + 1)),
      contentType: headers['content-type'] ?? 'application/octet-stream',
      timeCreated: now(),
    }
    records.put(OBJECT, `${bucket}/${name}`, stored)
    return describe(bucket, name, stored)
  })

  server.delete<Of>('/storage/v1/b/:bucket/o/:object', ({params: {bucket, object}, query}, reply) => {
    require(known(bucket, object), query.ifGenerationMatch)
    records.delete(OBJECT, `${bucket}/${object}`)
    return reply.code(204).send()
  })
}

const media = (reply: FastifyReply, {text, generation, contentType}: Stored) =>
  reply.header('x-goog-generation', generation).header('content-type', contentType).send(text)

function describe(bucket: string, name: string, {text, generation, contentType, timeCreated}: Stored): Props {
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    ...{bucket, name, generation, metageneration: '1', contentType, size: String(Buffer.byteLength(text)), timeCreated},
  }
}
