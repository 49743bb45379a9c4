import type {Inputs, Resource} from '../graph.ts'
import {each, of, type Rule, shown} from '../rule.ts'

const DEPLOYMENT = ['Deployment']
const inApp = ({stack}: Resource) => stack.startsWith('app-')
/** The services' own; the observer, of which there is one that nothing waits for, has rules of its own. */
const appDeployments = <R extends Resource>(resources: readonly R[]): R[] => of(resources, ...DEPLOYMENT).filter(inApp)

const CLUSTER_SCOPED = /:(Namespace|ClusterRole|ClusterRoleBinding|APIService)$/
/** Its token is what it is there for. */
const asksApiServer = ({stack}: Resource) => stack.startsWith('metrics-')

const podOf = (inputs: Inputs) => inputs.spec.template.spec as Inputs
const containersOf = (inputs: Inputs): Inputs[] => [
  ...(podOf(inputs).initContainers ?? []),
  ...podOf(inputs).containers,
]
const sameWorkload = (a: Resource, b: Resource) => a.stack === b.stack && a.name === b.name

export const workloads: readonly Rule[] = [
  {
    says: 'The autoscaler owns the number of replicas: stated by it alone, and never set back',
    violations: ({resources}) =>
      appDeployments(resources)
        .filter((deployment) => {
          const scaler = of(resources, 'HorizontalPodAutoscaler').find((hpa) => sameWorkload(hpa, deployment))
          const {minReplicas, maxReplicas} = scaler?.inputs.spec ?? {}
          const free =
            deployment.inputs.spec.replicas === undefined && deployment.ignoreChanges.includes('spec.replicas')
          return !(free && minReplicas >= 1 && maxReplicas >= minReplicas)
        })
        .map(shown),
    plant: (copy) => {
      appDeployments(copy)[0]!.inputs.spec.replicas = 3
      return true
    },
  },
  {
    says: 'Every workload has a disruption budget that never blocks a drain, not even with pods that crash',
    violations: ({resources}) =>
      appDeployments(resources)
        .filter((deployment) => {
          const spec = of(resources, 'PodDisruptionBudget').find((pdb) => sameWorkload(pdb, deployment))?.inputs.spec
          return !(
            spec?.maxUnavailable >= 1 &&
            spec.minAvailable === undefined &&
            spec.unhealthyPodEvictionPolicy === 'AlwaysAllow'
          )
        })
        .map(shown),
    plant: (copy) => {
      const {spec} = of(copy, 'PodDisruptionBudget')[0]!.inputs
      delete spec.maxUnavailable
      spec.minAvailable = '100%'
      return true
    },
  },
  {
    says: 'What leaves finishes: preStop fits into the grace, a request into what is left, and draining into both',
    violations: ({resources, topology}) =>
      appDeployments(resources).flatMap((deployment) => {
        const {terminationGracePeriodSeconds: grace, containers} = podOf(deployment.inputs)
        const sleep = containers[0].lifecycle?.preStop?.sleep?.seconds ?? 0
        const name = topology.services.find((service) => service.name === deployment.name)?.backend
        const backend = of(resources, 'BackendService').find(({inputs}) => inputs.name === name)?.inputs
        const fits =
          sleep < grace &&
          (backend === undefined ||
            (sleep + backend.timeoutSec <= grace && backend.connectionDrainingTimeoutSec <= grace && sleep > 0))
        return fits ? [] : [`${shown(deployment)}: sleep ${sleep}, grace ${grace}`]
      }),
    plant: (copy) => {
      podOf(appDeployments(copy)[0]!.inputs).terminationGracePeriodSeconds = 0
      return true
    },
  },
  {
    says: 'Whatever answers requests is asked whether it started, is ready and lives; life asks another question than readiness',
    violations: ({resources, topology}) =>
      appDeployments(resources)
        .filter(({name}) => topology.services.find((service) => service.name === name)?.config.type === 'http')
        .filter(({inputs}) => {
          const {startupProbe, readinessProbe, livenessProbe} = podOf(inputs).containers[0]
          const [ready, live] = [readinessProbe?.httpGet?.path, livenessProbe?.httpGet?.path]
          return !(startupProbe && ready && live && ready !== live)
        })
        .map(shown),
    plant: (copy) => {
      const http = appDeployments(copy).find(({inputs}) => podOf(inputs).containers[0].readinessProbe)
      const [container] = podOf(http!.inputs).containers
      container.livenessProbe = container.readinessProbe
      return true
    },
  },
  each(
    'Pods run restricted: not as root, without privileges to gain, with the runtime’s own filter',
    DEPLOYMENT,
    (inputs, resource) => {
      const {securityContext: pod, automountServiceAccountToken} = podOf(inputs)
      const loose = containersOf(inputs).filter(
        ({securityContext: c}) => !(c?.allowPrivilegeEscalation === false && c.capabilities?.drop?.includes('ALL')),
      )
      return (
        (!pod.runAsNonRoot ||
          pod.seccompProfile?.type !== 'RuntimeDefault' ||
          (automountServiceAccountToken !== false && !asksApiServer(resource)) ||
          loose.length > 0) &&
        'loose'
      )
    },
    (inputs) => {
      podOf(inputs).containers[0].securityContext.allowPrivilegeEscalation = true
    },
  ),
  each(
    'Namespaces enforce the restricted standard',
    ['Namespace'],
    ({metadata}) => metadata.labels['pod-security.kubernetes.io/enforce'] !== 'restricted' && 'loose',
    ({metadata}) => {
      metadata.labels['pod-security.kubernetes.io/enforce'] = 'privileged'
    },
  ),
  each(
    'The app’s namespace is kept',
    ['Namespace'],
    (_, {protect}, {topology}) => protect !== topology.terms.protects && 'can go',
    (_, resource) => {
      resource.protect = false
    },
    inApp,
  ),
  each(
    'Pods spread over zones and hosts, but would rather crowd than not run',
    DEPLOYMENT,
    (inputs) => {
      const spread = podOf(inputs).topologySpreadConstraints as Inputs[]
      const keys = spread.map(({topologyKey}) => topologyKey)
      return (
        !(
          keys.includes('topology.kubernetes.io/zone') &&
          spread.every((s) => s.whenUnsatisfiable === 'ScheduleAnyway' && s.matchLabelKeys)
        ) && 'spread'
      )
    },
    (inputs) => {
      podOf(inputs).topologySpreadConstraints[0].whenUnsatisfiable = 'DoNotSchedule'
    },
    inApp,
  ),
  each(
    'A rollout takes no pod away before another is ready and has stayed so',
    DEPLOYMENT,
    ({spec}) => !(spec.strategy.rollingUpdate.maxUnavailable === 0 && spec.minReadySeconds >= 1) && 'rough',
    ({spec}) => {
      spec.strategy.rollingUpdate.maxUnavailable = 1
    },
    inApp,
  ),
  each(
    'Every container says what it needs, and memory is limited to just that',
    DEPLOYMENT,
    (inputs) =>
      containersOf(inputs).some(
        ({resources: r}) => !(r?.requests?.cpu && r.requests.memory && r.limits?.memory === r.requests.memory),
      ) && 'unstated',
    (inputs) => {
      delete podOf(inputs).containers[0].resources
    },
  ),
  each(
    'In critical every image is named by digest, those that ha brings along too',
    DEPLOYMENT,
    (inputs, _, {topology}) =>
      topology.preset === 'critical' &&
      containersOf(inputs)
        .map(({image}) => image as string)
        .find((image) => !/@sha256:[0-9a-f]{64}$/.test(image)),
    (inputs) => {
      podOf(inputs).initContainers[0].image = 'example.test/proxy:1.0.0'
    },
  ),
  {
    says: 'The Service is made before the Deployment and does not wait for it: else no pod gets the readiness gate',
    violations: ({resources}) =>
      of(resources, 'Service')
        .filter(({type}) => type.startsWith('kubernetes:'))
        .filter((service) => {
          const deployment = of(resources, ...DEPLOYMENT).find((each) => sameWorkload(each, service))
          const after = deployment?.dependsOn.includes(`${service.type} ${service.name}`)
          return !(after && service.inputs.metadata.annotations['pulumi.com/skipAwait'] === 'true')
        })
        .map(shown),
    plant: (copy) => {
      const [service] = of(copy, 'Service').filter(({type}) => type.startsWith('kubernetes:'))
      delete service!.inputs.metadata.annotations['pulumi.com/skipAwait']
      return true
    },
  },
  {
    says: 'Nothing goes in or out of a pod that no policy names',
    violations: ({resources}) =>
      of(resources, 'Namespace').flatMap((namespace) => {
        const closed = of(resources, 'NetworkPolicy').some(
          ({stack, inputs: {spec, metadata}}) =>
            stack === namespace.stack &&
            metadata.namespace === namespace.inputs.metadata.name &&
            spec.policyTypes.length === 2 &&
            !spec.ingress &&
            !spec.egress &&
            Object.keys(spec.podSelector).length === 0,
        )
        return closed ? [] : [`${shown(namespace)}: open by default`]
      }),
    plant: (copy) => {
      const at = copy.findIndex(({type, name}) => /:NetworkPolicy$/.test(type) && name === 'deny-all')
      copy.splice(at, 1)
      return true
    },
  },
  {
    says: 'Objects that have a namespace name it',
    violations: ({resources}) =>
      resources
        .filter(({type}) => type.startsWith('kubernetes:') && !CLUSTER_SCOPED.test(type))
        // Kubernetes keeps the Role in question there, and a binding lies where its Role does.
        .filter(({inputs}) => inputs.roleRef?.name !== 'extension-apiserver-authentication-reader')
        .filter(({inputs, stack}) => {
          const own = of(resources, 'Namespace').find((it) => it.stack === stack)
          return inputs.metadata.namespace !== own?.inputs.metadata.name
        })
        .map(shown),
    plant: (copy) => {
      delete appDeployments(copy)[0]!.inputs.metadata.namespace
      return true
    },
  },
]
