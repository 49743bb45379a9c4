/** kubeconfig text for a region's cluster. Holds no secret and no CA: the DNS endpoint has a public certificate. */
import type {Target} from '../config/config.ts'

/** What kubectl, and the engine, sign in to Google's clusters with. https://docs.cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl */
export const SIGN_IN = 'gke-gcloud-auth-plugin'

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
            command: SIGN_IN,
            // As whom ha itself asks Google; by itself it would be whoever gcloud is signed in as, which a pipeline never is.
            args: ['--use_application_default_credentials'],
            interactiveMode: 'Never',
            provideClusterInfo: false,
            installHint: `Install it with: gcloud components install ${SIGN_IN}`,
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
