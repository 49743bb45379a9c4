/**
 * As much OpenAPI as clients need to learn that the server checks fields and takes dry runs and server-side apply. It has no schemas:
 * `kubectl explain` finds nothing here.
 */
import {KUBERNETES_VERSION} from './discovery.ts'
import type {Json} from './objects.ts'
import {apiVersionOf, RESOURCES, type ResourceType} from './resources.ts'

const info = {title: 'Kubernetes', version: KUBERNETES_VERSION}
const rootOf = (row: ResourceType) => (row.group ? `apis/${apiVersionOf(row)}` : `api/${row.version}`)

/** The answer to an /openapi path; undefined for any other path. */
export function openApi(path: string, accept: string): {type: string; body: string | Buffer} | undefined {
  // kubectl reads version 2 as protobuf only.
  if (path === '/openapi/v2' && accept.includes('protobuf')) return {type: PROTOBUF, body: protobuf()}
  const document = path === '/openapi/v2' ? {swagger: '2.0', info, paths: {}, definitions: {}} : version3(path)
  return document && {type: 'application/json', body: JSON.stringify(document)}
}

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** gnostic's openapi.v2.Document with as little in it: swagger = 1, info = 2 {title = 1, version = 2}, paths = 8, definitions = 9. */
function protobuf(): Buffer {
  const field = (number: number, content: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
  const text = (number: number, value: string) => field(number, Buffer.from(value))
  const about = Buffer.concat([text(1, info.title), text(2, info.version)])
  return Buffer.concat([text(1, '2.0'), field(2, about), field(8, Buffer.alloc(0)), field(9, Buffer.alloc(0))])
}

function version3(path: string): Json {
  const roots = [...new Set(RESOURCES.map(rootOf))]
  if (path === '/openapi/v3') {
    const paths = roots.map((root) => [root, {serverRelativeURL: `/openapi/v3/${root}?hash=${KUBERNETES_VERSION}`}])
    return {paths: Object.fromEntries(paths)}
  }
  const root = roots.find((each) => path === `/openapi/v3/${each}`)
  if (!root) return undefined
  const rows = RESOURCES.filter((row) => rootOf(row) === root)
  return {openapi: '3.0.0', info, paths: Object.fromEntries(rows.map(patchOf)), components: {schemas: {}}}
}

const query = (name: string) => ({name, in: 'query', schema: {type: 'string', uniqueItems: true}})

function patchOf(row: ResourceType): [string, Json] {
  const {group, version, kind} = row
  const scope = row.namespaced ? 'namespaces/{namespace}/' : ''
  const patch = {
    operationId: `patch${kind}`,
    parameters: ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map(query),
    requestBody: {content: {'application/apply-patch+yaml': {}, 'application/merge-patch+json': {}}},
    responses: {200: {description: 'OK'}},
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': {group, version, kind},
  }
  return [`/${rootOf(row)}/${scope}${row.plural}/{name}`, {patch}]
}
