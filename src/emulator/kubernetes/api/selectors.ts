/** Label and field selectors. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api */
import type {Json, KubeObject, Selector, SelectorRequirement} from './objects.ts'
import {ApiError} from './status.ts'

/** An empty selector matches everything. */
export function matchesSelector(selector: Selector, labels: Readonly<Record<string, string>> = {}): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false
  return (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels))
}

function meets({key, operator, values = []}: SelectorRequirement, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

/** `a=b,c!=d,e in (f,g),!h,i` → Selector. Throws ApiError BadRequest. */
export function parseSelector(text: string): Selector {
  const requirements = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return {matchExpressions: requirements.map(parseRequirement)}
}

function parseRequirement(text: string): SelectorRequirement {
  const set = /^([\w./-]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text)
  if (set) {
    const values = set[3]!.split(',').map((value) => value.trim())
    return {key: set[1]!, operator: set[2] === 'in' ? 'In' : 'NotIn', values}
  }
  const equality = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(text)
  if (equality) return {key: equality[1]!, operator: equality[2] === '!=' ? 'NotIn' : 'In', values: [equality[3]!]}
  const existence = /^(!?)\s*([\w./-]+)$/.exec(text)
  if (existence) return {key: existence[2]!, operator: existence[1] ? 'DoesNotExist' : 'Exists'}
  throw new ApiError('BadRequest', `unable to parse requirement: ${text}`)
}

export type Matches = (object: KubeObject) => boolean

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  nodes: ['spec.unschedulable'],
  secrets: ['type'],
  namespaces: ['status.phase'],
  services: ['spec.clusterIP', 'spec.type'],
  'apps/replicasets': ['status.replicas'],
  'batch/jobs': ['status.successful'],
}

/** `metadata.name=a,status.phase!=Running` → a predicate. Throws ApiError BadRequest for a field this resource cannot be selected by. */
export function parseFieldSelector(resource: string, text: string): Matches {
  const terms = text
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => parseTerm(resource, term.trim()))
  return (object) => terms.every(({field, value, negated}) => (fieldOf(object, field) === value) !== negated)
}

function parseTerm(resource: string, term: string) {
  const [, field, operator, value] = /^([\w.]+)(==|=|!=)(.*)$/.exec(term) ?? []
  if (field === undefined || value === undefined) throw new ApiError('BadRequest', `invalid selector: '${term}'`)
  const allowed = ['metadata.name', 'metadata.namespace', ...(FIELDS[resource] ?? [])]
  if (!allowed.includes(field)) throw new ApiError('BadRequest', `field label not supported: ${field}`)
  return {field, value, negated: operator === '!='}
}

function fieldOf(object: KubeObject, field: string): string {
  // The Go API selects events by `source` where the object has `source.component`, jobs by `status.successful` for `status.succeeded`.
  const path = field === 'source' ? 'source.component' : field === 'status.successful' ? 'status.succeeded' : field
  const value = path.split('.').reduce((at: Json, key) => at?.[key], object)
  if (value !== undefined) return String(value)
  return field === 'spec.unschedulable' ? 'false' : field.startsWith('status.re') ? '0' : ''
}
