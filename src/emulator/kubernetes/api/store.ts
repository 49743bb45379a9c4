/**
 * The objects of one region's cluster: what etcd and the registry are to a real API server. The API server and the controllers share one.
 * Objects that go out are deeply frozen: clone (`structuredClone`) before changing one.
 */
import type {Log} from '../../contract.ts'
import type {DeleteOptions, Json, KubeObject, Selector, WatchEvent} from './objects.ts'

export type {DeleteOptions, Json, KubeObject, ObjectMeta, OwnerReference, Selector, WatchEvent} from './objects.ts'

/** `resource` is a plural key with its group, without a version: `pods`, `apps/deployments`, `batch/jobs`. */
export interface ObjectStore {
  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined
  /** Ordered by namespace and name. */
  list(resource: string, options?: {namespace?: string; labels?: Selector}): KubeObject[]
  /** Sets uid (unless one is given), resourceVersion, generation, creationTimestamp; keeps a status that is given. Throws ApiError AlreadyExists. */
  create(resource: string, object: KubeObject): KubeObject
  /**
   * Replaces everything but the status (see updateStatus). Optimistic when `metadata.resourceVersion` is present; bumps generation when
   * the spec changed; a no-op when nothing did. A deleted object whose last finalizer goes is gone. Throws ApiError Conflict or NotFound.
   */
  update(resource: string, object: KubeObject): KubeObject
  /** Replaces the status; a no-op when deep-equal. undefined: there is no such object. Reaches the disk within 100 ms. */
  updateStatus(
    resource: string,
    namespace: string | undefined,
    name: string,
    status: Json | ((current: KubeObject) => Json),
  ): KubeObject | undefined
  /**
   * As a DELETE request: a pod that runs on a node gets a deletionTimestamp and waits for `remove` by its kubelet, what has finalizers waits
   * for `update` to clear them, everything else goes at once, and then what it owns. Throws ApiError NotFound or Conflict.
   * Returns the object as it was last.
   */
  delete(resource: string, namespace: string | undefined, name: string, options?: DeleteOptions): KubeObject
  /** Really gone, whatever grace was left; then what it owns is deleted. Nothing happens when it is gone already. */
  remove(resource: string, namespace: string | undefined, name: string): void
  /** Every change from now on, in order; never called within a change that the listener itself makes. Returns the way to stop. */
  watch(resource: string | '*', listener: (event: WatchEvent) => void): () => void
  /** Changes after `resourceVersion`, oldest first; undefined when they are no longer known (410 Gone). */
  since(resourceVersion: string, resource: string): WatchEvent[] | undefined
  /** The latest change's version. */
  readonly resourceVersion: string
  /** Resolves once everything before this call is on disk. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface StoreOptions {
  /** The store writes below this folder only. */
  readonly dir: string
  readonly now?: () => Date
  readonly log?: Log
}
