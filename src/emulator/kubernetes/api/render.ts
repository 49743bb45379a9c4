/** Objects as the client asked for them: whole, as rows of a table, or their metadata alone. */
import type {Shape} from './accept.ts'
import {served} from './convert.ts'
import type {Json, KubeObject} from './objects.ts'
import {apiVersionOf, type ResourceType} from './resources.ts'
import {tableOf} from './table.ts'

export interface Rendering {
  readonly row: ResourceType
  readonly shape: Shape
  readonly now: () => Date
  /** What a table's rows carry of their object. Default Metadata. */
  readonly includeObject?: string | undefined
}

export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export function renderObject(rendering: Rendering, object: KubeObject): Json {
  const {row, shape} = rendering
  const converted = served(row, object)
  if (shape === 'object') return converted
  if (shape === 'metadata') return metadataOf(converted)
  return tableOf(rendering, [converted], {resourceVersion: converted.metadata.resourceVersion ?? ''})
}

export function renderList(rendering: Rendering, objects: readonly KubeObject[], metadata: ListMeta): Json {
  const {row, shape} = rendering
  const items = objects.map((object) => served(row, object))
  if (shape === 'table') return tableOf(rendering, items, metadata)
  if (shape === 'object') return {kind: `${row.kind}List`, apiVersion: apiVersionOf(row), metadata, items}
  const apiVersion = 'meta.k8s.io/v1'
  return {kind: 'PartialObjectMetadataList', apiVersion, metadata, items: items.map(metadataOf)}
}

export const metadataOf = ({metadata}: KubeObject): Json => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
})
