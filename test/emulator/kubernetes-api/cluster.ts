/** A cluster's API on a free port over a folder of its own, and manifests to fill it with. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {PodLogs, ProxyResolver} from '../../../src/emulator/kubernetes/api/api.ts'
import type {Json} from '../../../src/emulator/kubernetes/api/objects.ts'
import {openStore} from '../../../src/emulator/kubernetes/api/open-store.ts'
import {createApiServer} from '../../../src/emulator/kubernetes/api/server.ts'
import type {ObjectStore} from '../../../src/emulator/kubernetes/api/store.ts'

export const START = new Date('2026-01-02T03:04:05Z')
export const now = () => START

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
}

export interface Cluster extends AsyncDisposable {
  readonly store: ObjectStore
  readonly url: string
  readonly dir: string
  call(method: string, path: string, body?: Json, headers?: Record<string, string>): Promise<Reply>
  apply(path: string, config: Json, query?: string): Promise<Reply>
}

export function folder(): Disposable & {readonly path: string} {
  const path = mkdtempSync(join(tmpdir(), 'ha-kubernetes-api-'))
  return {path, [Symbol.dispose]: () => rmSync(path, {recursive: true, force: true})}
}

export async function startCluster(options: {podLogs?: PodLogs; proxy?: ProxyResolver} = {}): Promise<Cluster> {
  const place = folder()
  const store = await openStore({dir: place.path, now})
  const server = await createApiServer({store, port: 0, now, log: () => {}, ...options})
  const call: Cluster['call'] = async (method, path, body, headers = {}) => {
    const type = body === undefined ? {} : {'content-type': 'application/json'}
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await fetch(server.url + path, {
      method,
      headers: {...type, 'user-agent': 'test/1', ...headers},
      ...(body !== undefined && {body: sent}),
      signal: AbortSignal.timeout(5_000),
    })
    const text = await answer.text()
    const json = answer.headers.get('content-type')?.includes('json')
    return {status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text}
  }
  return {
    store,
    url: server.url,
    dir: place.path,
    call,
    apply: (path, config, query = 'fieldManager=ha') =>
      call('PATCH', `${path}?${query}`, config, {'content-type': 'application/apply-patch+yaml'}),
    async [Symbol.asyncDispose]() {
      await server.close()
      await store.close()
      place[Symbol.dispose]()
    },
  }
}

export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
export const PODS = '/api/v1/namespaces/default/pods'
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

export const container = (more: Json = {}): Json => ({name: 'api', image: 'shop/api:1', ...more})

export const pod = (name: string, more: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {name, namespace: 'default', labels: {app: name}},
  spec: {containers: [container()]},
  ...more,
})

export const configMap = (name: string, data: Json = {}, more: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {name, namespace: 'default'},
  data,
  ...more,
})

export const deployment = (name: string, spec: Json = {}, containers: Json[] = [container()]): Json => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {name, namespace: 'default'},
  spec: {
    selector: {matchLabels: {app: name}},
    template: {metadata: {labels: {app: name}}, spec: {containers}},
    ...spec,
  },
})
