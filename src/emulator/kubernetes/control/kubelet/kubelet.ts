/** The node agent of the emulated cluster; one for all its nodes, which share this machine. */
import {mkdirSync, readdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {endOrphansBelow, sampleUsage} from '../../../processes.ts'
import type {PodLogs} from '../../api/api.ts'
import type {KubeObject} from '../../api/store.ts'
import {hasEnded} from '../pods.ts'
import {createLogFeed, readLog} from './logs.ts'
import {type Node, type PodWorker, startPodWorker} from './pod-worker.ts'

export interface Usage {
  /** Since the processes started. */
  readonly cpuSeconds: number
  readonly rssBytes: number
}

export interface Kubelet {
  /** Of the pods that run, by uid. */
  usage(): Map<string, Usage>
  readonly logs: PodLogs
  /** Ends all pods' processes; the pods are started again with the next kubelet. */
  stop(graceMs: number): Promise<void>
}

/** Ends what an earlier kubelet left behind, then brings every pod that has a node to life. */
export async function startKubelet(options: Omit<Node, 'feed'>): Promise<Kubelet> {
  const {plane, dir} = options
  const {store} = plane
  const feed = createLogFeed(plane.now)
  const node: Node = {...options, feed}
  const workers = new Map<string, PodWorker>()
  mkdirSync(dir, {recursive: true, mode: 0o700})
  const orphans = await endOrphansBelow(dir)
  if (orphans > 0)
    plane.log('warn', 'Processes of an earlier run were still there and have been ended', {count: orphans})

  const take = (pod: KubeObject) => {
    const uid = pod.metadata.uid!
    const worker = workers.get(uid)
    if (worker) worker.seen(pod)
    else if (pod.spec.nodeName && !hasEnded(pod) && !pod.metadata.deletionTimestamp)
      workers.set(uid, startPodWorker(pod, node))
  }
  const drop = (uid: string) => {
    const worker = workers.get(uid)
    workers.delete(uid)
    if (worker) void worker.discard()
    else rmSync(join(dir, uid), {recursive: true, force: true})
  }
  const unwatch = store.watch('pods', ({type, object}) => {
    if (type === 'DELETED') drop(object.metadata.uid!)
    else take(object)
  })
  const pods = store.list('pods')
  const known = new Set(pods.map((pod) => pod.metadata.uid!))
  for (const uid of readdirSync(dir)) if (!known.has(uid)) drop(uid)
  for (const pod of pods) {
    // Nothing of it runs any more, so there is nothing to wait for.
    if (pod.metadata.deletionTimestamp && pod.spec.nodeName)
      store.remove('pods', pod.metadata.namespace, pod.metadata.name)
    else take(pod)
  }

  return {
    usage() {
      const running = [...workers].map(([uid, worker]) => ({uid, pids: worker.pids()}))
      const samples = sampleUsage(running.flatMap(({pids}) => pids))
      return new Map(
        running
          .filter(({pids}) => pids.length > 0)
          .map(({uid, pids}) => [uid, sum(pids.map((pid) => samples.get(pid)))]),
      )
    },
    logs: (pod, container, options) => readLog({store, feed, dir, pod, container, options}),
    async stop(graceMs) {
      unwatch()
      await Promise.all([...workers.values()].map((worker) => worker.shutdown(graceMs)))
    },
  }
}

function sum(samples: readonly (Usage | undefined)[]): Usage {
  return samples.reduce<Usage>(
    (total, sample) => ({
      cpuSeconds: total.cpuSeconds + (sample?.cpuSeconds ?? 0),
      rssBytes: total.rssBytes + (sample?.rssBytes ?? 0),
    }),
    {cpuSeconds: 0, rssBytes: 0},
  )
}
