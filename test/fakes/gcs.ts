/**
 * A Cloud Storage of one's own that enforces generations: the JSON API as ha uses it, and what Google's Go client (the engine's)
 * asks for besides: reads at `/bucket/object`, multipart and resumable uploads, rewrites. Its clock ticks with every write.
 */
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'

interface Stored {
  readonly body: Buffer
  readonly generation: number
  readonly metadata: Record<string, unknown>
}

export interface FakeGcs {
  readonly base: string
  readonly buckets: Map<string, {readonly settings: Record<string, unknown>; readonly objects: Map<string, Stored>}>
  /** Method and path of every request, newest last. */
  readonly asked: string[]
  /** Called before each request; a number is answered as status, `'lost'`: done, but the answer never arrives. */
  trouble: ((method: string, path: string) => number | 'lost' | undefined) | undefined
  close(): Promise<void>
}

export async function startGcs(names: readonly string[] = ['bucket']): Promise<FakeGcs> {
  const buckets: FakeGcs['buckets'] = new Map(names.map((name) => [name, {settings: {name}, objects: new Map()}]))
  const asked: string[] = []
  const uploads = new Map<string, {bucket: string; query: URLSearchParams; metadata: Record<string, unknown>}>()
  let clock = 1_700_000_000_000_000
  const fake = {buckets, asked, trouble: undefined} as unknown as FakeGcs & {base: string}

  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://fake')
    asked.push(`${request.method} ${url.pathname}${url.search}`)
    const body = await read(request)
    const trouble = fake.trouble?.(request.method!, url.pathname)
    if (typeof trouble === 'number')
      return answer(response, trouble, {error: {code: trouble, message: 'made up trouble'}})
    if (trouble === 'lost') {
      respond(
        request,
        {end: () => request.socket.destroy(), writeHead: () => {}} as unknown as ServerResponse,
        url,
        body,
      )
      return
    }
    respond(request, response, url, body)
  })

  const respond = (request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer) => {
    const {method} = request
    const path = url.pathname
    const query = url.searchParams
    const upload = /^\/(?:resumable\/)?upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(path)
    if (upload) return uploadTo(response, upload[1]!, query, request, body)
    if (path === '/storage/v1/b' && method === 'POST') {
      const settings = JSON.parse(body.toString()) as Record<string, unknown>
      const name = String(settings.name)
      if (buckets.has(name)) return answer(response, 409, {error: {code: 409, message: 'You already own this bucket.'}})
      buckets.set(name, {settings: {...settings, project: query.get('project')}, objects: new Map()})
      return answer(response, 200, settings)
    }
    const rewrite = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)\/rewriteTo\/b\/([^/]+)\/o\/([^/]+)$/.exec(path)
    if (rewrite) {
      const [from, object, to, target] = rewrite.slice(1).map(decodeURIComponent) as [string, string, string, string]
      const found = buckets.get(from)?.objects.get(object)
      if (!found) return absent(response)
      const stored = put(to, target, found.body, query, found.metadata)
      return typeof stored === 'number'
        ? refuse(response, stored)
        : answer(response, 200, {done: true, resource: resourceOf(to, target, stored)})
    }
    const [, bucketName, objectName] =
      /^\/storage\/v1\/b\/([^/]+)(?:\/o(?:\/(.+))?)?$/.exec(path)?.map((part) => part && decodeURIComponent(part)) ?? []
    if (bucketName === undefined) return readXml(response, path)
    const bucket = buckets.get(bucketName)
    if (!bucket) return absent(response)
    if (objectName !== undefined) return object(response, method!, bucketName, objectName, query)
    return path.endsWith('/o') ? list(response, bucketName, query) : answer(response, 200, bucket.settings)
  }

  const readXml = (response: ServerResponse, path: string) => {
    const [, bucket = '', ...rest] = path.split('/').map(decodeURIComponent)
    const found = buckets.get(bucket)?.objects.get(rest.join('/'))
    if (!found) return absent(response)
    media(response, found)
  }

  const object = (response: ServerResponse, method: string, bucket: string, name: string, query: URLSearchParams) => {
    const {objects} = buckets.get(bucket)!
    const found = objects.get(name)
    if (!found) return absent(response)
    const wanted = query.get('ifGenerationMatch')
    if (wanted !== null && wanted !== String(found.generation)) return refuse(response, 412)
    if (method === 'DELETE') {
      objects.delete(name)
      return answer(response, 204, undefined)
    }
    if (query.get('alt') === 'media') return media(response, found)
    answer(response, 200, resourceOf(bucket, name, found))
  }

  const list = (response: ServerResponse, bucket: string, query: URLSearchParams) => {
    const {objects} = buckets.get(bucket)!
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')]
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort()
    const folderOf = (name: string) => {
      const at = delimiter ? name.indexOf(delimiter, prefix.length) : -1
      return at === -1 ? undefined : name.slice(0, at + 1)
    }
    const prefixes = [...new Set(names.map(folderOf).filter((folder) => folder !== undefined))]
    const plain = names.filter((name) => folderOf(name) === undefined)
    // Pages of three, so that reading on is always tried.
    const start = Number(query.get('pageToken') ?? 0)
    const next = start + 3 < plain.length ? {nextPageToken: String(start + 3)} : {}
    const items = plain.slice(start, start + 3).map((name) => resourceOf(bucket, name, objects.get(name)!))
    answer(response, 200, {kind: 'storage#objects', items, ...(start === 0 && {prefixes}), ...next})
  }

  const put = (
    bucket: string,
    name: string,
    body: Buffer,
    query: URLSearchParams,
    metadata: Record<string, unknown>,
  ) => {
    const objects = buckets.get(bucket)?.objects
    if (!objects) return 404
    const wanted = query.get('ifGenerationMatch')
    if (wanted !== null && wanted !== String(objects.get(name)?.generation ?? 0)) return 412
    const stored = {body, generation: ++clock, metadata}
    objects.set(name, stored)
    return stored
  }

  const uploadTo = (
    response: ServerResponse,
    bucket: string,
    query: URLSearchParams,
    request: IncomingMessage,
    body: Buffer,
  ) => {
    const finish = (metadata: Record<string, unknown>, content: Buffer, conditions = query) => {
      const name = String(metadata.name ?? conditions.get('name'))
      const stored = put(bucket, name, content, conditions, metadata)
      if (typeof stored === 'number') return refuse(response, stored)
      answer(response, 200, resourceOf(bucket, name, stored))
    }
    const kind = query.get('uploadType')
    if (kind === 'media') return finish({}, body)
    if (kind === 'multipart') return finish(...partsOf(body, request.headers['content-type']!))
    const id = query.get('upload_id')
    if (id !== null) {
      const begun = uploads.get(id)!
      return finish(begun.metadata, body, begun.query)
    }
    const metadata = JSON.parse(body.toString() || '{}') as Record<string, unknown>
    const made = String(uploads.size + 1)
    uploads.set(made, {bucket, query, metadata})
    response.setHeader(
      'location',
      `${fake.base}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${made}`,
    )
    answer(response, 200, {})
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  fake.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  fake.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return fake
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const resourceOf = (bucket: string, name: string, {body, generation, metadata}: Stored) => ({
  kind: 'storage#object',
  ...metadata,
  bucket,
  name,
  generation: String(generation),
  metageneration: '1',
  size: String(body.length),
  updated: new Date(generation / 1000).toISOString(),
})

function media(response: ServerResponse, {body, generation}: Stored): void {
  const headers = {'x-goog-generation': String(generation), 'x-goog-metageneration': '1', 'content-length': body.length}
  response.writeHead(200, {...headers, 'last-modified': new Date(generation / 1000).toUTCString()})
  response.end(body)
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {'content-type': 'application/json'})
  response.end(body === undefined ? undefined : JSON.stringify(body))
}

const absent = (response: ServerResponse) => answer(response, 404, {error: {code: 404, message: 'Not Found'}})
const refuse = (response: ServerResponse, status: number) =>
  answer(response, status, {
    error: {
      code: status,
      message: status === 412 ? 'At least one of the pre-conditions you specified did not hold.' : 'Not Found',
    },
  })

/** https://docs.cloud.google.com/storage/docs/uploads-downloads#multipart */
function partsOf(body: Buffer, type: string): [Record<string, unknown>, Buffer] {
  const mark = /boundary="?([^";]+)"?/.exec(type)![1]!
  const text = body.toString('latin1')
  const contents = text
    .split(`--${mark}`)
    .slice(1, 3)
    .map((part) => part.slice(part.indexOf('\r\n\r\n') + 4, part.lastIndexOf('\r\n')))
  return [JSON.parse(Buffer.from(contents[0]!, 'latin1').toString()), Buffer.from(contents[1]!, 'latin1')]
}
