import {secretKey} from '../../src/topology/names.ts'
import type {Topology} from '../../src/topology/topology.ts'
import {KubernetesCustomResource, kubernetes, kubernetesProvider} from '../pulumi.ts'
import {autoscaler} from './autoscaler.ts'
import type {AppInput} from './index.ts'
import {NAMESPACE_LABELS} from './namespace.ts'
import {networkPolicies} from './network-policies.ts'
import {podSpec} from './pod.ts'

type Service = Topology['services'][number]
type Resource = import('@pulumi/pulumi').Resource
interface Setting {
  readonly input: AppInput
  readonly opts: {provider: import('@pulumi/pulumi').ProviderResource; dependsOn: Resource[]}
}

export function program(input: AppInput) {
  const provider = kubernetesProvider({kubeconfig: input.kubeconfig, clusterIdentifier: input.clusterIdentifier})
  const {Namespace} = kubernetes('core', 'v1')
  const namespace = new Namespace(
    'namespace',
    {metadata: {name: input.namespace, labels: NAMESPACE_LABELS}},
    {provider, protect: input.protect},
  )
  const inside = {provider, dependsOn: [namespace]}
  const {NetworkPolicy} = kubernetes('networking', 'v1')
  for (const {name, spec} of networkPolicies(input)) {
    new NetworkPolicy(name, {metadata: {name, namespace: input.namespace}, spec}, inside)
  }

  const accounts = input.services.map((service) => serviceAccount(service, {input, opts: inside}))
  const secrets = input.secrets.length > 0 ? [syncSecrets({input, opts: {provider, dependsOn: accounts}})] : []
  for (const service of input.services) {
    declareService(service, {input, opts: {provider, dependsOn: [namespace, ...accounts, ...secrets]}})
  }
  return {
    negs: Object.fromEntries(
      input.services.flatMap(({name, negs}) => (negs[input.region] ? [[name, negs[input.region]]] : [])),
    ),
  }
}

function serviceAccount({name, account}: Service, {input, opts}: Setting) {
  const email = `${account}@${input.project}.iam.gserviceaccount.com`
  const metadata = {name, namespace: input.namespace, annotations: {'iam.gke.io/gcp-service-account': email}}
  return new (kubernetes('core', 'v1').ServiceAccount)(name, {metadata}, opts)
}

function declareService(service: Service, {input, opts}: Setting) {
  const {name, config} = service
  const {namespace, region} = input
  const labels = {app: name}
  const metadata = {name, namespace, labels}
  // Before the Deployment: only pods made after the Service get the load balancer's readiness gate.
  const before = config.type === 'http' ? [exposeService(service, {input, opts})] : []

  ;new (kubernetes('apps', 'v1').Deployment)(
    name,
    {
      metadata: {...metadata, annotations: {'pulumi.com/timeoutSeconds': '1200'}},
      spec: {
        // No replicas: the autoscaler owns them.
        selector: {matchLabels: labels},
        minReadySeconds: input.settleSeconds,
        progressDeadlineSeconds: 900,
        strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge: '25%', maxUnavailable: 0}},
        template: {
          metadata: {labels},
          spec: podSpec(
            service,
            {region, secrets: input.secrets, ...(input.database && {database: input.database})},
            labels,
          ),
        },
      },
    },
    {...opts, dependsOn: [...opts.dependsOn, ...before], ignoreChanges: ['spec.replicas']},
  )
  // Beside the Deployment, not after it: so its first rollout brings up all instances at once, not one and then the rest.
  ;new (kubernetes('autoscaling', 'v2').HorizontalPodAutoscaler)(name, {metadata, spec: autoscaler(service)}, opts)
  ;new (kubernetes('policy', 'v1').PodDisruptionBudget)(
    name,
    {
      metadata,
      // AlwaysAllow: pods that crash anyway must not block the draining of a node.
      spec: {maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: {matchLabels: labels}},
    },
    opts,
  )
}

/** A ClusterIP Service whose pods GKE enters into one NEG per zone. */
function exposeService(service: Service, {input, opts}: Setting) {
  const exposed = {exposed_ports: {80: {name: service.negs[input.region]}}}
  return new (kubernetes('core', 'v1').Service)(
    service.name,
    {
      metadata: {
        name: service.name,
        namespace: input.namespace,
        labels: {app: service.name},
        annotations: {
          'cloud.google.com/neg': JSON.stringify(exposed),
          // Pulumi would wait for endpoints, which wait for the Deployment, which waits for this Service.
          'pulumi.com/skipAwait': 'true',
        },
      },
      spec: {
        type: 'ClusterIP',
        selector: {app: service.name},
        ports: [{name: 'http', port: 80, targetPort: 'http'}],
      },
    },
    opts,
  )
}

/**
 * Secret Manager is the source; GKE's add-on copies into one Kubernetes Secret, read as environment variables.
 * Source: https://cloud.google.com/secret-manager/docs/sync-k8-secrets
 */
function syncSecrets({input, opts}: Setting) {
  const {namespace, project, secrets} = input
  const keys = secrets.map(({name}) => secretKey(name))
  const versions = secrets.map(({name, id}) => ({
    resourceName: `projects/${project}/secrets/${id}/versions/latest`,
    path: secretKey(name),
  }))
  const source = new KubernetesCustomResource(
    'secrets-source',
    {
      apiVersion: 'secrets-store.csi.x-k8s.io/v1',
      kind: 'SecretProviderClass',
      metadata: {name: 'secrets', namespace},
      spec: {provider: 'gke', parameters: {secrets: JSON.stringify(versions)}},
    },
    opts,
  )
  return new KubernetesCustomResource(
    'secrets',
    {
      apiVersion: 'secret-sync.gke.io/v1',
      kind: 'SecretSync',
      metadata: {name: 'secrets', namespace},
      spec: {
        serviceAccountName: input.services[0]!.name,
        secretProviderClassName: 'secrets',
        secretObject: {type: 'Opaque', data: keys.map((key) => ({sourcePath: key, targetKey: key}))},
      },
    },
    {...opts, dependsOn: [source]},
  )
}
