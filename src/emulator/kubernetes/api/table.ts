/** Server-side printing: what `kubectl get` shows. https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
import {COLUMNS, DEFAULT_COLUMNS} from './columns.ts'
import type {Json, KubeObject} from './objects.ts'
import {type ListMeta, metadataOf, type Rendering} from './render.ts'
import {storeKey} from './resources.ts'

export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer'
  /** 1: only with `-o wide`. */
  readonly priority: 0 | 1
  value(object: KubeObject, now: Date): Json
}

export function tableOf(
  {row, now, includeObject}: Rendering,
  objects: readonly KubeObject[],
  metadata: ListMeta,
): Json {
  const columns = COLUMNS[storeKey(row)] ?? DEFAULT_COLUMNS
  const at = now()
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({name, type, priority}) => ({
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, at)),
      ...(includeObject !== 'None' && {object: includeObject === 'Object' ? object : metadataOf(object)}),
    })),
  }
}
