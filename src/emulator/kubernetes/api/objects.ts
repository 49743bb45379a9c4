/** What a Kubernetes object looks like to the emulator: metadata is typed, the rest is as the client sent it. */

// biome-ignore lint/suspicious/noExplicitAny: spec and status differ per kind; validate.ts looks into what matters.
export type Json = any

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  name: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  finalizers?: string[]
  managedFields?: ManagedFields[]
}

export interface ManagedFields {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time: string
  fieldsType: 'FieldsV1'
  fieldsV1: Json
  subresource?: string
}

export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec?: Json
  status?: Json
  [field: string]: Json
}

/** A label selector as Kubernetes spells it in objects; every requirement must hold. */
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly SelectorRequirement[]
}

export interface SelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

export interface DeleteOptions {
  /** Pods only; default: the pod's terminationGracePeriodSeconds. 0 takes it away at once. */
  readonly gracePeriodSeconds?: number
  /** Default Background. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: {readonly uid?: string; readonly resourceVersion?: string}
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** The store's key, e.g. `apps/deployments`. */
  readonly resource: string
  readonly object: KubeObject
  /** The object as it was, for selectors that an object may leave; undefined with ADDED. */
  readonly previous?: KubeObject
}

/** The controller among an object's owners. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller)

/** An instant as Kubernetes' metav1.Time prints it: whole seconds, UTC. */
export const timestamp = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`
