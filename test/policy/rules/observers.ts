import {stacksOf} from '../../../stacks/index.ts'
import type {Inputs, Resource} from '../graph.ts'
import {each, of, type Rule, shown} from '../rule.ts'

const inObserver = ({stack}: Resource) => stack.startsWith('observer-')
const podOf = ({inputs}: Resource): Inputs => inputs.spec.template.spec
const emailOf = (resources: readonly Resource[]) =>
  of(resources, 'ServiceAccount').find(inObserver)?.inputs.metadata.annotations['iam.gke.io/gcp-service-account']

/** The proxy, and the records it follows. */
function wayOf(resource: Resource): string {
  const [{image, args} = {image: '', args: []}] = podOf(resource).initContainers as Inputs[]
  return JSON.stringify([image, args.map((arg: string) => arg.replace(/port=543\d$/, ''))])
}

const MAY = ['roles/cloudsql.client', 'roles/cloudsql.instanceUser']

export const observers: readonly Rule[] = [
  {
    says: 'Every region has one observer, in a stack and a namespace of its own',
    violations: ({resources, topology}) =>
      topology.regions.flatMap(({name}) => {
        const own = of(resources, 'Deployment').filter(({stack}) => stack === `observer-${name}`)
        const alone = own.every(({inputs}) => inputs.metadata.namespace !== topology.namespace)
        return own.length === 1 && own[0]!.inputs.spec.replicas === 1 && alone ? [] : [name]
      }),
    plant: (copy) => {
      of(copy, 'Deployment').find(inObserver)!.inputs.spec.replicas = 2
      return true
    },
  },
  {
    says: 'Nothing waits for an observer, and an observer waits for nothing of the app',
    violations: ({resources, topology}) => [
      ...stacksOf(topology).flatMap(({name, needs}) =>
        needs.filter((need) =>
          name.startsWith('observer-') ? /^(app-|edge|migration)/.test(need) : need.startsWith('observer-'),
        ),
      ),
      ...resources
        .filter((resource) => inObserver(resource) && /:(Deployment|Service)$/.test(resource.type))
        .filter(({inputs}) => inputs.metadata.annotations?.['pulumi.com/skipAwait'] !== 'true')
        .map(shown),
    ],
    plant: (copy) => {
      delete of(copy, 'Deployment').find(inObserver)!.inputs.metadata.annotations
      return true
    },
  },
  each(
    'The observer runs by digest',
    ['Deployment'],
    (_, resource) => !/@sha256:[0-9a-f]{64}$/.test(podOf(resource).containers[0].image) && 'by tag',
    (_, resource) => {
      podOf(resource).containers[0].image = 'example.test/ha-observer:1.0.0'
    },
    inObserver,
  ),
  {
    says: 'The observer may log in to the databases, and nothing else: no secret, no message',
    violations: ({resources}) => {
      const email = emailOf(resources)
      if (email === undefined) return ['no account']
      return resources
        .filter(({inputs}) => inputs.member === `serviceAccount:${email}` && !MAY.includes(inputs.role))
        .map((resource) => `${shown(resource)}: ${resource.inputs.role}`)
    },
    plant: (copy) => {
      const grant = of(copy, 'SecretIamMember')[0]
      if (!grant) return false
      grant.inputs.member = `serviceAccount:${emailOf(copy)}`
      return true
    },
  },
  each(
    'The observer is read by way of the API server alone',
    ['NetworkPolicy'],
    ({spec}) => {
      const from = (spec.ingress ?? []).flatMap((rule: Inputs) => rule.from ?? [{anybody: true}])
      return (
        from.some(
          (it: Inputs) => it.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] !== 'kube-system',
        ) && 'open to others'
      )
    },
    ({spec}) => {
      spec.ingress = [{from: [{ipBlock: {cidr: '0.0.0.0/0'}}]}]
    },
    inObserver,
  ),
  {
    says: 'The observer goes to the databases the way the app’s pods go, but through no gate: it may say what is so at any time',
    violations: ({resources}) =>
      of(resources, 'Deployment')
        .filter(inObserver)
        .filter((own) => {
          const app = of(resources, 'Deployment').find(({stack}) => stack === `app-${own.region}`)
          return wayOf(own) !== wayOf(app!) || podOf(own).initContainers.length !== 1
        })
        .map(shown),
    plant: (copy) => {
      podOf(of(copy, 'Deployment').find(inObserver)!).initContainers = []
      return true
    },
  },
]
