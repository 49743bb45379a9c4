/** What the API offers, so that clients can find it. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
import type {Json} from './objects.ts'
import {RESOURCES, type ResourceType} from './resources.ts'

export const KUBERNETES_VERSION = 'v1.34.1+emulated'

export const VERSION: Json = {
  major: '1',
  minor: '34',
  gitVersion: KUBERNETES_VERSION,
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2025-09-09T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: `${process.platform}/${process.arch}`,
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const PART_VERBS = ['get', 'patch', 'update']

interface Part {
  readonly name: string
  readonly kind: string
  readonly group: string
  readonly version: string
  readonly verbs: readonly string[]
}

const groups = [...new Set(RESOURCES.map((row) => row.group))]
const rowsOf = (group: string, version: string) =>
  RESOURCES.filter((row) => row.group === group && row.version === version)
const versionsOf = (group: string) => [
  ...new Set(RESOURCES.filter((row) => row.group === group).map((row) => row.version)),
]

function partsOf(row: ResourceType): Part[] {
  const own = {group: row.group, version: row.version}
  return [
    ...(row.status ? [{name: 'status', kind: row.kind, ...own, verbs: PART_VERBS}] : []),
    ...(row.scale ? [{name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: PART_VERBS}] : []),
    ...row.subresources.map((part) => ({...own, ...part})),
  ]
}

/** The answer to a discovery path; undefined for any other path. */
export function discover(path: string, accept: string): {type: string; body: Json} | undefined {
  const aggregated = /application\/json;g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList/.exec(accept)
  if (aggregated && (path === '/api' || path === '/apis')) {
    return {type: aggregated[0], body: aggregate(path === '/api', aggregated[1]!)}
  }
  const body = plain(path)
  return body && {type: 'application/json', body}
}

function plain(path: string): Json {
  if (path === '/version') return VERSION
  if (path === '/api') return {kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: []}
  if (path === '/apis') {
    return {kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter((group) => group !== '').map(groupOf)}
  }
  const [root, first = '', second, extra] = path.split('/').slice(1)
  if (extra !== undefined) return undefined
  if (root === 'api') return second === undefined ? resourceList('', first) : undefined
  if (root !== 'apis' || !groups.includes(first)) return undefined
  return second === undefined ? {kind: 'APIGroup', apiVersion: 'v1', ...groupOf(first)} : resourceList(first, second)
}

function groupOf(name: string): Json {
  const versions = versionsOf(name).map((version) => ({groupVersion: `${name}/${version}`, version}))
  return {name, versions, preferredVersion: versions[0]}
}

function resourceList(group: string, version: string): Json {
  const rows = rowsOf(group, version)
  if (rows.length === 0) return undefined
  const groupVersion = group ? `${group}/${version}` : version
  return {kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: rows.flatMap(describe)}
}

function describe(row: ResourceType): Json[] {
  const {plural, kind, namespaced} = row
  const names = {
    ...(row.shortNames.length > 0 && {shortNames: row.shortNames}),
    ...(row.categories.length > 0 && {categories: row.categories}),
  }
  const whole = {name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs: VERBS, ...names}
  const parts = partsOf(row).map((part) => ({
    name: `${plural}/${part.name}`,
    singularName: '',
    namespaced,
    ...(part.group !== row.group && {group: part.group, version: part.version}),
    kind: part.kind,
    verbs: part.verbs,
  }))
  return [whole, ...parts]
}

function aggregate(core: boolean, version: string): Json {
  const items = groups
    .filter((group) => (group === '') === core)
    .map((group) => ({
      metadata: group ? {name: group, creationTimestamp: null} : {creationTimestamp: null},
      versions: versionsOf(group).map((each) => ({
        version: each,
        resources: rowsOf(group, each).map(aggregated),
        freshness: 'Current',
      })),
    }))
  return {kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items}
}

function aggregated(row: ResourceType): Json {
  const {group, version, kind} = row
  const parts = partsOf(row).map((part) => ({
    subresource: part.name,
    responseKind: {group: part.group, version: part.version, kind: part.kind},
    verbs: part.verbs,
  }))
  return {
    resource: row.plural,
    responseKind: {group, version, kind},
    scope: row.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.toLowerCase(),
    verbs: VERBS,
    ...(row.shortNames.length > 0 && {shortNames: row.shortNames}),
    ...(row.categories.length > 0 && {categories: row.categories}),
    ...(parts.length > 0 && {subresources: parts}),
  }
}
