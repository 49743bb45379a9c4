/** A control plane on a real store in a temporary folder, with a kubelet that only writes statuses. */
import {EventEmitter} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {openStore} from '../../../src/emulator/kubernetes/api/open-store.ts'
import type {Json, KubeObject, ObjectStore} from '../../../src/emulator/kubernetes/api/store.ts'
import {
  type Controller,
  type ControlPlane,
  type Running,
  runController,
} from '../../../src/emulator/kubernetes/control/controller.ts'
import {podStatus} from '../../../src/emulator/kubernetes/control/kubelet/pod-status.ts'
import {declareNodes} from '../../../src/emulator/kubernetes/control/nodes.ts'
import {createRecorder} from '../../../src/emulator/kubernetes/control/recorder.ts'

export const ZONES = ['us-east1-b', 'us-east1-c', 'us-east1-d']

export interface Stage extends ControlPlane {
  readonly dir: string
  run(controller: Controller): void
  /** Something besides the store changed that `until` may wait for. */
  poke(): void
  /** Resolves when `met` holds after a change; rejects after the deadline with what was there instead. */
  until<T>(met: (store: ObjectStore) => T | undefined | false, deadlineMs?: number): Promise<T>
  /** Gives every pod its node and these container states, as a kubelet would. Without effect on ended pods. */
  playKubelet(behave?: (pod: KubeObject) => 'ready' | 'unready' | 'succeeded' | 'failed'): void
  close(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'ha-control-'))
  const now = () => new Date()
  const store = await openStore({dir: join(dir, 'objects'), now})
  const record = createRecorder(store, now)
  const plane: ControlPlane = {store, record, now, log: () => {}}
  const running: Running[] = []
  const unwatch: (() => void)[] = []
  const poked = new EventEmitter()
  store.create('namespaces', {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'shop'}})
  declareNodes(
    store,
    {cluster: 'c', region: 'us-east1', zones: ZONES},
    {pool: 'p', machineType: 'e2-standard-4'},
    now(),
  )
  return {
    ...plane,
    dir,
    poke: () => void poked.emit('change'),
    run: (controller) => void running.push(runController(plane, controller)),
    until: (met, deadlineMs = 5_000) =>
      new Promise((done, fail) => {
        const unwatchStore = store.watch('*', () => setImmediate(look))
        poked.on('change', look)
        const stop = () => {
          unwatchStore()
          poked.off('change', look)
        }
        const timer = setTimeout(() => {
          stop()
          fail(new Error(`It did not come to that: ${met}\n${describe(store)}`))
        }, deadlineMs)
        function look() {
          const value = met(store)
          if (value === undefined || value === false) return
          stop()
          clearTimeout(timer)
          done(value)
        }
        look()
      }),
    playKubelet(behave = () => 'ready') {
      const play = (pod: KubeObject) => {
        const {namespace, name, deletionTimestamp} = pod.metadata
        if (deletionTimestamp) return void setImmediate(() => store.remove('pods', namespace, name))
        if (!store.get('pods', namespace, name)) return
        if (!pod.spec.nodeName) {
          const nodeName = store.list('nodes')[0]!.metadata.name
          return void store.update('pods', {...pod, spec: {...pod.spec, nodeName}})
        }
        store.updateStatus('pods', namespace, name, (current: KubeObject) => statusAs(behave(current), current, now()))
      }
      unwatch.push(store.watch('pods', ({type, object}) => type !== 'DELETED' && setImmediate(() => replay(object))))
      const replay = ({metadata}: KubeObject) => {
        const current = store.get('pods', metadata.namespace, metadata.name)
        if (current) play(current)
      }
      for (const pod of store.list('pods')) play(pod)
    },
    async close() {
      for (const stop of unwatch) stop()
      await Promise.all(running.map((controller) => controller.stop()))
      await store.close()
      rmSync(dir, {recursive: true, force: true})
    },
  }
}

function statusAs(state: 'ready' | 'unready' | 'succeeded' | 'failed', pod: KubeObject, now: Date): Json {
  if (['Succeeded', 'Failed'].includes(pod.status?.phase)) return pod.status
  const ended = {succeeded: 0, failed: 1}[state as 'succeeded' | 'failed']
  const containers = pod.spec.containers.map(({name, image}: Json) => ({
    name,
    image,
    restartCount: 0,
    ready: state === 'ready',
    started: true,
    lastState: {},
    state:
      ended === undefined
        ? {running: {startedAt: now.toISOString()}}
        : {terminated: {exitCode: ended, finishedAt: now.toISOString()}},
  }))
  return podStatus(pod, {init: [], containers}, now)
}

function describe(store: ObjectStore): string {
  const kinds = ['apps/deployments', 'apps/replicasets', 'batch/jobs', 'pods', 'services']
  const lines = kinds.flatMap((kind) =>
    store
      .list(kind)
      .map(({metadata, spec, status}) => `${kind} ${metadata.name} ${spec?.replicas ?? ''} ${JSON.stringify(status)}`),
  )
  return lines.join('\n')
}

export const template = (labels: Record<string, string>, image: string, spec: Json = {}): Json => ({
  metadata: {labels},
  spec: {containers: [{name: 'main', image, ports: [{name: 'http', containerPort: 8080}]}], ...spec},
})

export function deployment(name: string, image: string, spec: Json = {}): KubeObject {
  const labels = {app: name}
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name, namespace: 'shop'},
    spec: {replicas: 3, selector: {matchLabels: labels}, template: template(labels, image), ...spec},
  }
}

export function service(name: string, annotations: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name, namespace: 'shop', annotations},
    spec: {
      type: 'ClusterIP',
      clusterIP: '34.118.224.10',
      selector: {app: name},
      ports: [{name: 'http', port: 80, targetPort: 'http', protocol: 'TCP'}],
    },
  }
}
