/**
 * The one door to Pulumi's packages. They are CommonJS with lazy getters per resource; an ESM namespace import would fire
 * every getter (all of Google Cloud), so they are required, and only the parts a program touches are loaded.
 */
import {createRequire} from 'node:module'

const require = createRequire(import.meta.url)

export const pulumi = require('@pulumi/pulumi') as typeof import('@pulumi/pulumi')

type Gcp = typeof import('@pulumi/gcp')
type Kubernetes = typeof import('@pulumi/kubernetes')

/** `gcp('compute')` loads @pulumi/gcp/compute. */
export const gcp = <M extends keyof Gcp & string>(module: M): Gcp[M] => require(`@pulumi/gcp/${module}`)

/** `kubernetes('apps', 'v1')` loads @pulumi/kubernetes/apps/v1. */
export const kubernetes = <G extends keyof Kubernetes & string, V extends keyof Kubernetes[G] & string>(
  group: G,
  version: V,
): Kubernetes[G][V] => require(`@pulumi/kubernetes/${group}/${version}`)

export const {CustomResource: KubernetesCustomResource} =
  require('@pulumi/kubernetes/apiextensions/customResource.js') as typeof import('@pulumi/kubernetes/apiextensions/customResource.js')

/** Every stack's own Google provider: project and labels stated, nothing taken from the surroundings. */
export function googleProvider(project: string, labels: Record<string, string>) {
  const {Provider} = require('@pulumi/gcp/provider.js') as typeof import('@pulumi/gcp/provider.js')
  return new Provider('google', {project, defaultLabels: labels})
}

export function kubernetesProvider(args: {kubeconfig: string; clusterIdentifier: string}) {
  const {Provider} = require('@pulumi/kubernetes/provider.js') as typeof import('@pulumi/kubernetes/provider.js')
  return new Provider('cluster', {...args, enableServerSideApply: true})
}
