/** A Kubernetes API server without controllers: tests say what the controllers would. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {openStore} from '../../../src/emulator/kubernetes/api/open-store.ts'
import {createApiServer} from '../../../src/emulator/kubernetes/api/server.ts'

export async function openCluster() {
  const dir = mkdtempSync(join(tmpdir(), 'ha-cluster-'))
  const store = await openStore({dir})
  const server = await createApiServer({store, port: 0, log: () => {}})
  const request = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      ...(body && {body: JSON.stringify(body), headers: {'content-type': 'application/json'}}),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
    return (await response.json()) as {status?: object; metadata: {generation: number}; [field: string]: unknown}
  }
  return {
    url: server.url,
    request,
    kubeconfig: JSON.stringify({
      clusters: [{name: 'c', cluster: {server: server.url}}],
      contexts: [{name: 'c', context: {cluster: 'c'}}],
      'current-context': 'c',
    }),
    /** Writes a status as a controller would, for the object's present generation. */
    async setStatus(path: string, status: object) {
      const object = await request('GET', path)
      const now = {observedGeneration: object.metadata.generation, ...status}
      await request('PUT', `${path}/status`, {...object, status: now})
    },
    async close() {
      await server.close()
      await store.close()
      rmSync(dir, {recursive: true, force: true})
    },
  }
}
