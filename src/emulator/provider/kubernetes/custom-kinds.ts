/** Schemas of the custom resources that GKE brings, which the SDK does not declare. */
import type {PackageSchema} from '../generate-schemas.ts'

/**
 * Sources: https://secrets-store-csi-driver.sigs.k8s.io/concepts.html#secretproviderclass and
 * https://cloud.google.com/secret-manager/docs/sync-k8-secrets
 */
const TYPES: PackageSchema['types'] = {
  'custom.SecretProviderClassSpec': {
    'provider!': 's',
    parameters: '{s',
    secretObjects: '[@custom.SecretObject',
  },
  'custom.SecretObject': {
    'secretName!': 's',
    'type!': 's',
    labels: '{s',
    annotations: '{s',
    data: '[@custom.SecretObjectData',
  },
  'custom.SecretObjectData': {'objectName!': 's', 'key!': 's'},
  'custom.SecretSyncSpec': {
    'serviceAccountName!': 's',
    'secretProviderClassName!': 's',
    'secretObject!': '@custom.SecretSyncObject',
    forceSynchronization: 's',
  },
  'custom.SecretSyncObject': {
    'type!': 's',
    labels: '{s',
    annotations: '{s',
    'data!': '[@custom.SecretSyncData',
  },
  'custom.SecretSyncData': {'sourcePath!': 's', 'targetKey!': 's'},
}

const custom = (apiVersion: string, kind: string) => ({
  inputs: {
    apiVersion: JSON.stringify(apiVersion),
    kind: JSON.stringify(kind),
    metadata: '@meta.v1.ObjectMeta',
    'spec!': `@custom.${kind}Spec`,
  },
  computed: ['apiVersion', 'kind', 'metadata', 'spec'],
})

/** The SDK's schema and theirs. */
export function withCustomKinds(schema: PackageSchema): PackageSchema {
  return {
    ...schema,
    types: {...schema.types, ...TYPES},
    resources: {
      ...schema.resources,
      'kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass': custom(
        'secrets-store.csi.x-k8s.io/v1',
        'SecretProviderClass',
      ),
      'kubernetes:secret-sync.gke.io/v1:SecretSync': custom('secret-sync.gke.io/v1', 'SecretSync'),
    },
  }
}
