/** One request to the API: what it is about, its options, its body. */
import type {FastifyRequest} from 'fastify'
import {parse as parseYaml} from 'yaml'
import {type Shape, shapeOf} from './accept.ts'
import type {Json} from './objects.ts'
import {ApiError} from './status.ts'
import type {Target} from './target.ts'

export interface Call {
  readonly method: string
  readonly target: Target
  readonly query: URLSearchParams
  readonly shape: Shape
  /** Without parameters; empty when there is no body. */
  readonly contentType: string
  readonly body: Buffer
  readonly userAgent: string
}

export interface WriteOptions {
  readonly manager: string
  readonly dryRun: boolean
  readonly force: boolean
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore'
}

export function callOf(request: FastifyRequest, target: Target): Call {
  return {
    method: request.method,
    target,
    query: new URL(request.url, 'http://api').searchParams,
    shape: shapeOf(request.headers.accept),
    contentType: (request.headers['content-type'] ?? '').split(';')[0]!.trim(),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    userAgent: request.headers['user-agent'] ?? 'unknown',
  }
}

/** Throws ApiError BadRequest for values Kubernetes does not know. */
export function writeOptions({query, userAgent}: Call): WriteOptions {
  const dryRun = query.getAll('dryRun')
  const fieldValidation = query.get('fieldValidation') || 'Warn'
  if (dryRun.some((value) => value !== 'All'))
    throw new ApiError('BadRequest', `invalid dryRun: supported values: "All"`)
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    throw new ApiError('BadRequest', `invalid fieldValidation: supported values: "Ignore", "Warn", "Strict"`)
  }
  return {
    manager: query.get('fieldManager') || userAgent.split('/')[0]!,
    dryRun: dryRun.length > 0,
    force: query.get('force') === 'true' || query.get('force') === '1',
    fieldValidation,
  }
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const NO_PROTOBUF =
  ' (the emulated API reads no protobuf; with kubectl: add `--dry-run=client -o json` and pipe that into `kubectl apply -f -`)'

/** The body as JSON; undefined when it is empty. Throws ApiError BadRequest or UnsupportedMediaType. */
export function bodyOf({body, contentType}: Call): Json {
  if (body.length === 0) return undefined
  const yaml = contentType.endsWith('yaml')
  if (!yaml && contentType !== '' && !contentType.endsWith('json')) {
    const accepted = 'accepted media types include: application/json, application/yaml'
    const message = `the body of the request was in an unknown format - ${accepted}`
    throw new ApiError('UnsupportedMediaType', message + (contentType === PROTOBUF ? NO_PROTOBUF : ''))
  }
  try {
    return yaml ? parseYaml(body.toString()) : JSON.parse(body.toString())
  } catch (error) {
    throw new ApiError('BadRequest', `error decoding body: ${(error as Error).message.split('\n')[0]}`)
  }
}
