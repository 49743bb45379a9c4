/** kubeconfig text for a region's cluster. Holds no secret and no CA: the DNS endpoint has a public certificate. */
import type {Target} from '../config/config.ts'

/**
 * @param endpoint host, or host:port, of the cluster's DNS endpoint.
 * @param name what kubectl calls the context, the region.
 * On Google Cloud kubectl gets its token from gke-gcloud-auth-plugin; the emulated API server speaks plain HTTP on this machine.
 */
export function kubeconfigOf(target: Target, endpoint: string, name: string, namespace: string): string {
  const cluster = {server: target === 'local' ? `http://${endpoint}` : `https://${endpoint}`}
  const user =
    target === 'local'
      ? {}
      : {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1',
            command: 'gke-gcloud-auth-plugin',
            interactiveMode: 'Never',
            provideClusterInfo: false,
            installHint: 'Install it with: gcloud components install gke-gcloud-auth-plugin',
          },
        }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{name, cluster}],
    users: [{name, user}],
    contexts: [{name, context: {cluster: name, user: name, namespace}}],
    'current-context': name,
  })
}
