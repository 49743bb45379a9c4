/**
 * Event objects: what `kubectl describe` shows at its end. Equal ones are counted, old ones forgotten.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
import {createHash} from 'node:crypto'
import {timestamp} from '../api/objects.ts'
import type {KubeObject, ObjectStore} from '../api/store.ts'

export type Recorder = (
  about: KubeObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  part?: EventPart,
) => void

export interface EventPart {
  /** `kubelet`, `default-scheduler`, `deployment-controller`, … */
  readonly component?: string
  /** `spec.containers{api}` */
  readonly fieldPath?: string
}

/** How long the API server keeps events (`--event-ttl`): https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ */
const LIFE_MS = 3_600_000
/** Kubernetes' spam filter: a burst of 25 per object, then one every five minutes. Source: client-go tools/record/events_cache.go */
const BURST = 25
const REFILL_MS = 300_000

export function createRecorder(store: ObjectStore, now: () => Date): Recorder & {prune(): void} {
  const budgets = new Map<string, {tokens: number; at: number}>()

  const allowed = (uid: string): boolean => {
    const at = now().getTime()
    const before = budgets.get(uid) ?? {tokens: BURST, at}
    const tokens = Math.min(BURST, before.tokens + (at - before.at) / REFILL_MS)
    budgets.set(uid, {tokens: tokens >= 1 ? tokens - 1 : tokens, at})
    return tokens >= 1
  }

  const record: Recorder = (about, type, reason, message, {component = 'controller-manager', fieldPath} = {}) => {
    if (!allowed(about.metadata.uid ?? '')) return
    const namespace = about.metadata.namespace ?? 'default'
    const hash = createHash('sha256')
      .update([about.metadata.uid, type, reason, message, fieldPath].join('\0'))
      .digest('hex')
    const name = `${about.metadata.name}.${hash.slice(0, 16)}`
    const time = timestamp(now())
    const known = store.get('events', namespace, name)
    try {
      if (known) store.update('events', {...known, count: (known.count ?? 1) + 1, lastTimestamp: time})
      else store.create('events', newEvent({about, type, reason, message, component, fieldPath, namespace, name, time}))
    } catch {
      // A namespace that is going away takes no more events.
    }
  }

  const prune = () => {
    const oldest = timestamp(new Date(now().getTime() - LIFE_MS))
    for (const event of store.list('events')) {
      if ((event.lastTimestamp ?? '') < oldest) store.remove('events', event.metadata.namespace, event.metadata.name)
    }
    budgets.clear()
  }
  return Object.assign(record, {prune})
}

interface NewEvent {
  about: KubeObject
  type: string
  reason: string
  message: string
  component: string
  fieldPath: string | undefined
  namespace: string
  name: string
  time: string
}

function newEvent({about, type, reason, message, component, fieldPath, namespace, name, time}: NewEvent): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {name, namespace},
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      namespace: about.metadata.namespace,
      uid: about.metadata.uid,
      resourceVersion: about.metadata.resourceVersion,
      ...(fieldPath && {fieldPath}),
    },
    type,
    reason,
    message,
    source: {component},
    reportingComponent: component,
    reportingInstance: '',
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
  }
}
