/**
 * SecretSync: secrets of Secret Manager as Kubernetes Secrets.
 * https://cloud.google.com/secret-manager/docs/sync-k8-secrets
 */
import {parse} from 'yaml'
import {fetchJson} from '../../http.ts'
import {timestamp} from '../api/objects.ts'
import type {Json, KubeObject} from '../api/store.ts'
import {withCondition} from './conditions.ts'
import {type Controller, type ControlPlane, keyOf, messageOf, ownerKeys} from './controller.ts'
import {controlledBy} from './names.ts'

const SYNCS = 'secret-sync.gke.io/secretsyncs'
const CLASSES = 'secrets-store.csi.x-k8s.io/secretproviderclasses'
const DEADLINE_MS = 5_000
/** How often GKE looks for new versions, unless the cluster says otherwise. */
const ROTATION_MS = 300_000

export function secretSync({store, record, now}: ControlPlane, googleapis: string): Controller {
  async function reconcile(namespace: string, name: string) {
    const sync = store.get(SYNCS, namespace, name)
    if (!sync || sync.metadata.deletionTimestamp) return
    try {
      const values = await fetchAll(sync)
      if (put(sync, values)) conclude(sync, 'True', 'CreateSuccessful', 'Secret created or updated successfully.')
    } catch (error) {
      conclude(sync, 'False', 'ProviderError', messageOf(error))
      record(sync, 'Warning', 'ProviderError', messageOf(error), {component: 'secret-sync-controller'})
      throw error
    }
  }

  /** Base64 by the path that the provider class gives it. */
  async function fetchAll(sync: KubeObject): Promise<Map<string, string>> {
    const source = store.get(CLASSES, sync.metadata.namespace, sync.spec.secretProviderClassName)
    if (!source) throw new Error(`SecretProviderClass ${sync.spec.secretProviderClassName} not found`)
    const listed: Json[] = parse(source.spec.parameters?.secrets ?? '[]')
    const values = listed.map(async ({resourceName, path, fileName}) => {
      const {payload} = await fetchJson<{payload: {data: string}}>(`${googleapis}/v1/${resourceName}:access`, {
        deadlineMs: DEADLINE_MS,
      })
      return [path ?? fileName, payload.data] as const
    })
    return new Map(await Promise.all(values))
  }

  /** Whether the sync is still there to be served. */
  function put(sync: KubeObject, values: ReadonlyMap<string, string>): boolean {
    const {namespace, name} = sync.metadata
    if (store.get(SYNCS, namespace, name)?.metadata.uid !== sync.metadata.uid) return false
    const {type = 'Opaque', data = [], labels, annotations} = sync.spec.secretObject
    const entries = data.map(({sourcePath, targetKey}: Json) => {
      const value = values.get(sourcePath)
      if (value === undefined)
        throw new Error(`no secret has the path ${sourcePath} in ${sync.spec.secretProviderClassName}`)
      return [targetKey, value]
    })
    const metadata = {
      name,
      namespace: namespace!,
      ...(labels && {labels}),
      ...(annotations && {annotations}),
      ownerReferences: [controlledBy(sync)],
    }
    const secret: KubeObject = {apiVersion: 'v1', kind: 'Secret', type, metadata, data: Object.fromEntries(entries)}
    const known = store.get('secrets', namespace, name)
    if (known) store.update('secrets', {...secret, metadata: {...known.metadata, ...metadata}})
    else store.create('secrets', secret)
    return true
  }

  function conclude({metadata}: KubeObject, status: 'True' | 'False', reason: string, message: string) {
    store.updateStatus(SYNCS, metadata.namespace, metadata.name, ({status: before}: KubeObject) => ({
      ...before,
      conditions: withCondition(before?.conditions, {type: 'SecretSynced', status, reason, message}, now()),
      ...(status === 'True' && {lastSuccessfulSyncTime: timestamp(now())}),
    }))
  }

  return {
    name: 'secret-sync-controller',
    of: SYNCS,
    watches: {
      [CLASSES]: ({object}) =>
        store
          .list(SYNCS, {namespace: object.metadata.namespace!})
          .filter(({spec}) => spec.secretProviderClassName === object.metadata.name)
          .map(keyOf),
      secrets: (event) => (event.type === 'DELETED' ? ownerKeys('SecretSync')(event) : []),
    },
    reconcile,
    resyncMs: ROTATION_MS,
    longestRetryMs: 2_000,
  }
}
