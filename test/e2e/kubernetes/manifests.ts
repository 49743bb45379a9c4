/** Everything a platform puts into one region's Kubernetes, in the order in which it is put there, and the kinds of GKE's that it takes. */
import type {Config} from '../../../src/config/config.ts'
import {migrationJob, migrationNamespace} from '../../../stacks/app/migration.ts'
import {NAMESPACE_LABELS} from '../../../stacks/app/namespace.ts'
import {graphOf} from '../../policy/graph.ts'

// biome-ignore lint/suspicious/noExplicitAny: manifests of any kind, looked into
export type Manifest = Record<string, any>

/** By region. */
export async function manifestsOf(config: Config): Promise<Record<string, Manifest[]>> {
  const {topology, resources} = await graphOf(config)
  const migrate = topology.database?.config.migrate
  const release = migrate ? releaseOf(topology, migrate) : []
  return Object.fromEntries(
    topology.regions.map(({name, role}) => {
      const own = resources.filter(({type, region}) => type.startsWith('kubernetes:') && region === name)
      const objects = own.map(({inputs}) => withoutMarks(inputs))
      const ranked = objects.sort((a, b) => rankOf(a) - rankOf(b))
      return [name, [...ranked, ...(role === 'primary' ? release : [])]]
    }),
  )
}

const rankOf = ({kind}: Manifest) => (kind === 'Namespace' ? 0 : kind === 'ServiceAccount' ? 1 : 2)

/** Pulumi's own annotations are taken off before an object is sent. */
function withoutMarks(object: Manifest): Manifest {
  const {annotations, ...metadata} = object.metadata
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith('pulumi.com/'))
  return {...object, metadata: {...metadata, ...(kept.length > 0 && {annotations: Object.fromEntries(kept)})}}
}

type Topology = Parameters<typeof migrationJob>[0]

/** What `runJob` applies around the migration. */
function releaseOf(topology: Topology, migrate: {service: string; command: string}): Manifest[] {
  const {image} = topology.services.find(({name}) => name === migrate.service)!.config
  const {name, spec} = migrationJob(topology, {...migrate, image})
  const namespace = migrationNamespace(topology.namespace)
  return [
    {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace, labels: NAMESPACE_LABELS}},
    {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: migrate.service, namespace}},
    {apiVersion: 'batch/v1', kind: 'Job', metadata: {name, namespace}, spec},
  ]
}

const PLURALS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  SecretProviderClass: 'secretproviderclasses',
}

/** Path of the collection an object belongs to. */
export function collectionOf({apiVersion, kind, metadata}: Manifest): string {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const place = metadata.namespace ? `/namespaces/${metadata.namespace}` : ''
  return `${base}${place}/${PLURALS[kind] ?? `${kind.toLowerCase()}s`}`
}

export const pathOf = (object: Manifest) => `${collectionOf(object)}/${object.metadata.name}`

/** The pods an object would have made, under a name of their own. */
export function podsOf({kind, metadata, spec}: Manifest): Manifest[] {
  if (kind !== 'Deployment' && kind !== 'Job') return []
  const {template} = spec
  const own = {...template.metadata, name: `${metadata.name}-pod`, namespace: metadata.namespace}
  return [{apiVersion: 'v1', kind: 'Pod', metadata: own, spec: template.spec}]
}

const text = (...rules: Manifest[]) => Object.assign({type: 'string', minLength: 1, maxLength: 253}, ...rules)
const texts = {type: 'object', additionalProperties: {type: 'string'}}
const object = (properties: Manifest, required: string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 && {required}),
})
const list = (items: Manifest) => ({type: 'array', items})

const NAME = {pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'}
const KEY = {pattern: '^[A-Za-z0-9.]([-A-Za-z0-9]+([-._a-zA-Z0-9]?[A-Za-z0-9])*)?(\\/([0-9]+))*$'}

function kindOf(group: string, kind: string, plural: string, spec: Manifest): Manifest {
  const status = {type: 'object', 'x-kubernetes-preserve-unknown-fields': true}
  const schema = {openAPIV3Schema: object({spec, status})}
  const version = {name: 'v1', served: true, storage: true, subresources: {status: {}}, schema}
  const names = {kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`}
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {name: `${plural}.${group}`},
    spec: {group, scope: 'Namespaced', names, versions: [version]},
  }
}

/**
 * The two kinds of GKE's add-ons. Google publishes no definitions; fields and rules are those of the projects they are built from:
 * https://github.com/kubernetes-sigs/secrets-store-csi-driver/blob/main/config/crd/bases and
 * https://github.com/kubernetes-sigs/secrets-store-sync-controller/blob/main/config/crd/bases
 */
export const GKE_KINDS: readonly Manifest[] = [
  kindOf(
    'secrets-store.csi.x-k8s.io',
    'SecretProviderClass',
    'secretproviderclasses',
    object({
      provider: {type: 'string'},
      parameters: texts,
      secretObjects: list(object({secretName: {type: 'string'}})),
    }),
  ),
  kindOf(
    'secret-sync.gke.io',
    'SecretSync',
    'secretsyncs',
    object(
      {
        serviceAccountName: text(NAME),
        secretProviderClassName: text(NAME),
        forceSynchronization: {type: 'string'},
        secretObject: object(
          {
            type: text(),
            labels: texts,
            annotations: texts,
            data: {
              ...list(object({sourcePath: text(KEY), targetKey: text(KEY)}, ['sourcePath', 'targetKey'])),
              minItems: 1,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['targetKey'],
            },
          },
          ['data', 'type'],
        ),
      },
      ['secretObject', 'secretProviderClassName', 'serviceAccountName'],
    ),
  ),
]
