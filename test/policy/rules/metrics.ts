import {stacksOf} from '../../../stacks/index.ts'
import type {Graph, Inputs, Resource} from '../graph.ts'
import {of, type Resources, type Rule, shown} from '../rule.ts'

const inMetrics = ({stack}: Resource) => stack.startsWith('metrics-')
const NAME = 'v1beta1.external.metrics.k8s.io'

/** Regions in which a workload is scaled by a figure that pods do not have. */
const asking = ({resources}: Pick<Graph, 'resources'>) => [
  ...new Set(
    of(resources, 'HorizontalPodAutoscaler')
      .filter(({inputs}) => inputs.spec.metrics.some(({type}: Inputs) => type === 'External'))
      .map(({region}) => region!),
  ),
]
const apiOf = (resources: readonly Resource[], region: string) =>
  of(resources, 'APIService').find((it) => it.region === region && it.inputs.metadata.name === NAME)
const roleOf = ({inputs}: Resource) => inputs.roleRef.name as string
const emailOf = (resources: readonly Resource[]) =>
  of(resources, 'ServiceAccount').find(inMetrics)?.inputs.metadata.annotations['iam.gke.io/gcp-service-account']

/** Plants by taking away the first resource that fits. */
const without = (fits: (resource: Resource) => boolean) => (copy: Resources) => {
  const at = copy.findIndex(fits)
  if (at >= 0) copy.splice(at, 1)
  return at >= 0
}

export const metrics: readonly Rule[] = [
  {
    says: 'Where an autoscaler goes by a backlog, somebody serves external metrics: an API, its service, and pods behind it',
    violations: ({resources}) =>
      asking({resources}).filter((region) => {
        const {name, namespace, port} = apiOf(resources, region)?.inputs.spec.service ?? {}
        const here = (kind: string) =>
          of(resources, kind).find(
            (it) => it.region === region && it.inputs.metadata.namespace === namespace && it.name === name,
          )
        const [service, deployment] = [here('Service')?.inputs.spec, here('Deployment')?.inputs.spec]
        const open = service?.ports.find((it: Inputs) => it.port === port)
        const [container] = deployment?.template.spec.containers ?? []
        const listens = container?.ports.find((it: Inputs) => it.name === open?.targetPort)?.containerPort
        const labels = JSON.stringify(deployment?.template.metadata.labels)
        return !(
          JSON.stringify(service?.selector) === labels && container?.command.includes(`--secure-port=${listens}`)
        )
      }),
    plant: without(({type}) => type.endsWith(':APIService')),
  },
  {
    says: 'The autoscaler may ask for external metrics, and the adapter may find out who asks',
    violations: ({resources}) =>
      asking({resources}).filter((region) => {
        const bound = (kind: string, role: string, subject: string) =>
          of(resources, kind).some(
            (it) =>
              it.region === region &&
              roleOf(it) === role &&
              it.inputs.subjects.some(({namespace, name}: Inputs) => `${namespace}/${name}` === subject),
          )
        const {name, namespace} = apiOf(resources, region)?.inputs.spec.service ?? {}
        const reader = of(resources, 'ClusterRole').find(
          (it) =>
            it.region === region && it.inputs.rules.some((rule: Inputs) => rule.apiGroups.includes(NAME.slice(8))),
        )
        return !(
          reader &&
          bound('ClusterRoleBinding', reader.inputs.metadata.name, 'kube-system/horizontal-pod-autoscaler') &&
          bound('ClusterRoleBinding', 'system:auth-delegator', `${namespace}/${name}`) &&
          bound('RoleBinding', 'extension-apiserver-authentication-reader', `${namespace}/${name}`)
        )
      }),
    plant: without((it) => it.type.endsWith(':ClusterRoleBinding') && roleOf(it) === 'system:auth-delegator'),
  },
  {
    says: 'What reads figures for autoscalers may read Cloud Monitoring, and nothing else, neither of the project nor of the cluster',
    violations: ({resources}) => {
      const email = emailOf(resources)
      if (email === undefined) return asking({resources})
      const roles = resources
        .filter(({inputs}) => inputs.member === `serviceAccount:${email}`)
        .map(({inputs}) => inputs.role)
      const more = of(resources, 'ClusterRoleBinding', 'RoleBinding').filter(
        (it) =>
          inMetrics(it) &&
          it.inputs.subjects.some(({namespace}: Inputs) => namespace !== 'kube-system') &&
          !['system:auth-delegator', 'extension-apiserver-authentication-reader'].includes(roleOf(it)),
      )
      return [...roles.filter((role) => role !== 'roles/monitoring.viewer'), ...more.map(shown)].concat(
        roles.length === 0 ? ['may not read Cloud Monitoring'] : [],
      )
    },
    plant: (copy) => {
      const grant = copy.find(({inputs}) => inputs.role === 'roles/monitoring.viewer')
      if (grant) grant.inputs.role = 'roles/monitoring.editor'
      return grant !== undefined
    },
  },
  {
    says: 'Nothing waits for the figures of autoscalers: without them an app serves at its floor',
    violations: ({resources, topology}) => [
      ...stacksOf(topology).flatMap(({needs}) => needs.filter((need) => need.startsWith('metrics-'))),
      ...of(resources, 'Deployment', 'Service')
        .filter(inMetrics)
        .filter(({inputs}) => inputs.metadata.annotations?.['pulumi.com/skipAwait'] !== 'true')
        .map(shown),
    ],
    plant: (copy) => {
      const found = of(copy, 'Deployment').find(inMetrics)
      if (found) delete found.inputs.metadata.annotations
      return found !== undefined
    },
  },
  {
    says: 'An API that is added goes before what serves it: else no namespace of its cluster could be deleted',
    violations: ({resources}) =>
      of(resources, 'APIService')
        .filter(({dependsOn}) => !dependsOn.some((it) => it.includes(':Deployment ')))
        .map(shown),
    plant: (copy) => {
      const [api] = of(copy, 'APIService')
      if (api) api.dependsOn = []
      return api !== undefined
    },
  },
]
