/** Kubernetes objects as the provider sees them: where they lie, what their annotations ask for, what it fills in. */
import {randomBytes} from 'node:crypto'
import type {Props} from '../../contract.ts'
import type {Operation, Resource} from '../session.ts'
import {isObject} from '../values.ts'
import type {KubernetesObject, Place} from './client.ts'
import {KINDS, type Kind} from './kinds.ts'

const DEFAULT_TIMEOUT_MS = 600_000
export const MANAGER = '__fieldManager'

export function kindOf(token: string): Kind {
  const kind = KINDS.get(token)
  if (!kind) throw new Error(`The emulator does not know the resource type ${token}.`)
  return kind
}

export function metadataOf(object: Props): {name?: string; namespace?: string; annotations?: Record<string, string>} {
  return isObject(object.metadata) ? object.metadata : {}
}

export function placeOf(kind: Kind, object: Props): Place {
  const {name = '', namespace = 'default'} = metadataOf(object)
  return {kind, name, ...(kind.namespaced && {namespace})}
}

/** `namespace/name`, or the name alone. */
export const idOf = ({namespace, name}: Place) => (namespace === undefined ? name : `${namespace}/${name}`)

export function annotation(object: Props, name: string): string | undefined {
  const {annotations} = metadataOf(object)
  return isObject(annotations) ? (annotations[name] as string | undefined) : undefined
}

/** Whose fields these are, in Server-Side Apply: stated, or chosen once and remembered. */
export function managerOf(inputs: Props, outputs: Props | undefined): string {
  const stated = annotation(inputs, 'pulumi.com/patchFieldManager') ?? outputs?.[MANAGER]
  return typeof stated === 'string' ? stated : `pulumi-kubernetes-${randomBytes(4).toString('hex')}`
}

export function timeoutOf(object: Props, {timeoutMs}: Operation): number {
  const seconds = Number(annotation(object, 'pulumi.com/timeoutSeconds'))
  return timeoutMs ?? (seconds > 0 ? seconds * 1_000 : DEFAULT_TIMEOUT_MS)
}

/** The live object without the server's bookkeeping of field owners, which would double the state. */
export function outputsOf({metadata, ...live}: KubernetesObject, manager: string): Props {
  const {managedFields: _, ...kept} = metadata as Props
  return {...live, metadata: kept, __initialApiVersion: live.apiVersion, [MANAGER]: manager}
}

interface Unfinished extends Pick<Resource, 'name'> {
  readonly kind: Kind
  readonly olds: Props | undefined
  readonly news: Props
  readonly seed: Uint8Array
  readonly namespace: string
}

export const AUTONAMED = 'pulumi.com/autonamed'

/** Fills in the namespace, and a name for what was given none: the old one if that was filled in too. */
export function withDefaults({kind, name, olds, news, seed, namespace}: Unfinished): Props {
  const metadata = {...(isObject(news.metadata) ? news.metadata : {})} as Props
  if (kind.namespaced) metadata.namespace ??= namespace
  if (metadata.name === undefined && metadata.generateName === undefined) {
    const random = (seed.length >= 4 ? Buffer.from(seed) : randomBytes(4)).toString('hex').slice(0, 8)
    const before = olds && annotation(olds, AUTONAMED) === 'true' ? metadataOf(olds).name : undefined
    metadata.name = before ?? `${name}-${random}`
    metadata.annotations = {...(metadata.annotations as Props | undefined), [AUTONAMED]: 'true'}
  }
  return {...news, metadata}
}
