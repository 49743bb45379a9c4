/** The emulated nodes: one per zone and pool, each standing for the pool's machines in the zone. */
import {timestamp} from '../api/objects.ts'
import type {KubeObject, ObjectStore} from '../api/store.ts'
import {REGION, ZONE} from './scheduler.ts'

export interface NodePool {
  readonly pool: string
  /** Google's name, e.g. `e2-standard-4`. */
  readonly machineType: string
  /** Machines the pool may grow to in each zone; the emulated node has the room of all of them. Default 1. */
  readonly maxPerZone?: number
}

/** GiB of memory per vCPU: https://cloud.google.com/compute/docs/machine-resource */
const MEMORY_PER_CPU: Readonly<Record<string, number>> = {standard: 4, highmem: 8, highcpu: 1}

/** Cores and GiB of a machine type; an unknown one counts as 4 cores and 16 GiB. */
export function capacityOf(machineType: string): {cpu: number; memoryGiB: number} {
  const [, kind, count] = /^[a-z0-9]+-(standard|highmem|highcpu|medium|small|micro)(?:-(\d+))?/.exec(machineType) ?? []
  const cpu = Number(count ?? (kind && ['medium', 'small', 'micro'].includes(kind) ? 2 : 4))
  return {cpu, memoryGiB: cpu * (MEMORY_PER_CPU[kind ?? 'standard'] ?? 2)}
}

export const nodeName = (cluster: string, pool: string, zone: string): string =>
  `gke-${cluster}-${pool}-${zone}`.slice(-63)

/** Creates or renews the nodes of a pool. */
export function declareNodes(
  store: ObjectStore,
  at: {cluster: string; region: string; zones: readonly string[]},
  pool: NodePool,
  now: Date,
): void {
  for (const zone of at.zones) {
    const node = newNode(nodeName(at.cluster, pool.pool, zone), {region: at.region, zone}, pool)
    const known = store.get('nodes', undefined, node.metadata.name)
    if (known)
      store.update('nodes', {
        ...known,
        spec: {...known.spec, ...node.spec},
        metadata: {...known.metadata, labels: node.metadata.labels!},
      })
    else store.create('nodes', node)
    store.updateStatus('nodes', undefined, node.metadata.name, statusOf(node.metadata.name, pool, known, now))
  }
}

function newNode(
  name: string,
  {region, zone}: {region: string; zone: string},
  {pool, machineType}: NodePool,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [ZONE]: zone,
        [REGION]: region,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
        'node.kubernetes.io/instance-type': machineType,
        'cloud.google.com/gke-nodepool': pool,
      },
    },
    spec: {providerID: `gce://emulated/${zone}/${name}`},
  }
}

function statusOf(name: string, {machineType, maxPerZone = 1}: NodePool, known: KubeObject | undefined, now: Date) {
  const {cpu, memoryGiB} = capacityOf(machineType)
  const resources = {
    cpu: String(cpu * maxPerZone),
    memory: `${memoryGiB * maxPerZone}Gi`,
    pods: String(110 * maxPerZone),
  }
  const since = known?.status?.conditions?.[0]?.lastTransitionTime ?? timestamp(now)
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: timestamp(now),
        lastTransitionTime: since,
      },
    ],
    addresses: [
      {type: 'InternalIP', address: '127.0.0.1'},
      {type: 'Hostname', address: name},
    ],
    nodeInfo: {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      bootID: '',
      containerRuntimeVersion: 'emulator://1',
      kernelVersion: '',
      kubeProxyVersion: '',
      kubeletVersion: 'v1.33.0-emulated',
      machineID: '',
      operatingSystem: 'linux',
      osImage: 'emulated',
      systemUUID: '',
    },
  }
}

/** Removes a pool's nodes and, as a node that is deleted does, the pods on them. */
export function removeNodes(store: ObjectStore, pool: string): void {
  const nodes = store.list('nodes', {labels: {matchLabels: {'cloud.google.com/gke-nodepool': pool}}})
  const names = new Set(nodes.map(({metadata}) => metadata.name))
  for (const name of names) store.remove('nodes', undefined, name)
  for (const {metadata, spec} of store.list('pods')) {
    if (names.has(spec.nodeName)) store.delete('pods', metadata.namespace, metadata.name)
  }
}
