import {RESOURCE_PERMISSIONS} from '../../../src/cloud/deployer/resources.ts'
import {GRANTED_ROLES} from '../../../src/cloud/deployer/role.ts'
import type {Topology} from '../../../src/topology/topology.ts'
import {migrationNamespace} from '../../../stacks/app/migration.ts'
import {each, of, type Rule, shown} from '../rule.ts'

const GRANTED: readonly string[] = GRANTED_ROLES

/** Types of Google's without a project of their own: what they refer to has it. */
const PROJECTLESS = [
  'gcp:servicenetworking/connection:Connection',
  'gcp:serviceaccount/iAMMember:IAMMember',
  'gcp:storage/bucketIAMMember:BucketIAMMember',
]

const isGoogle = (type: string) => type.startsWith('gcp:')

export const identity: readonly Rule[] = [
  {
    says: 'Every resource is made with its stack’s own provider, never with one from the surroundings',
    violations: ({resources}) =>
      resources
        .filter(({type, provider}) => provider !== (isGoogle(type) ? 'google' : 'cluster'))
        .map((resource) => `${shown(resource)}: provider ${resource.provider || 'default'}`),
    plant: (copy) => {
      copy[0]!.provider = ''
      return true
    },
  },
  {
    says: 'Every resource of Google’s names its project',
    violations: ({topology, resources}) =>
      resources
        .filter(
          ({type, inputs}) => isGoogle(type) && !PROJECTLESS.includes(type) && inputs.project !== topology.project,
        )
        .map(shown),
    plant: (copy) => {
      delete copy.find(({type}) => type === 'gcp:compute/network:Network')!.inputs.project
      return true
    },
  },
  {
    says: 'Grants are added one by one: no binding or policy that would take others’ away',
    violations: ({resources}) =>
      resources.filter(({type}) => /IAMBinding|IAMPolicy|IamBinding|IamPolicy/.test(type)).map(shown),
    plant: (copy) => {
      copy.push({...copy[0]!, type: 'gcp:projects/iAMBinding:IAMBinding'})
      return true
    },
  },
  each(
    'Nobody is granted owner, editor or a role for everybody',
    ['IAMMember', 'TopicIAMMember', 'SubscriptionIAMMember', 'SecretIamMember'],
    ({role, member}) =>
      (/^roles\/(owner|editor|iam\.securityAdmin)$/.test(role) || /^all(Authenticated)?Users$/.test(member)) &&
      `${member} has ${role}`,
    (inputs) => {
      inputs.role = 'roles/editor'
    },
  ),
  each(
    'APIs stay enabled when a platform goes: others in the project may use them',
    ['Service'],
    ({disableOnDestroy, disableDependentServices}) =>
      (disableOnDestroy !== false || disableDependentServices !== false) && 'would be disabled',
    (inputs) => {
      inputs.disableOnDestroy = true
    },
    ({type}) => type.startsWith('gcp:projects/'),
  ),
  {
    says: 'No secret’s value is in the graph: no Kubernetes Secret and no version of a secret is made by Pulumi',
    violations: ({resources}) =>
      resources.filter(({type}) => type === 'kubernetes:core/v1:Secret' || type.includes('secretVersion:')).map(shown),
    plant: (copy) => {
      copy.push({...copy[0]!, type: 'kubernetes:core/v1:Secret', inputs: {stringData: {PASSWORD: 'hunter2'}}})
      return true
    },
  },
  {
    says: 'Every account of a cluster that acts as one of Google’s may: it is bound by namespace and name, the migration’s too',
    violations: ({topology, resources}) => {
      const bound = of(resources, 'IAMMember')
        .filter(({inputs}) => inputs.role === 'roles/iam.workloadIdentityUser')
        .map(({inputs}) => `${inputs.member} as ${inputs.serviceAccountId.split('/').at(-1)}`)
      const acting = [
        ...of(resources, 'ServiceAccount').map(({inputs: {metadata: of}}) => ({
          who: `${of.namespace}/${of.name}`,
          as: of.annotations['iam.gke.io/gcp-service-account'],
        })),
        ...migrating(topology),
      ]
      return acting
        .map(({who, as}) => `serviceAccount:${topology.project}.svc.id.goog[${who}] as ${as}`)
        .filter((needed) => !bound.includes(needed))
    },
    plant: (copy) => {
      const at = copy.findIndex(({inputs}) => /-release\//.test(String(inputs.member)))
      if (at >= 0) copy.splice(at, 1)
      return at >= 0
    },
  },
  {
    says: 'Of every type of resource it is written down what a deployer must be allowed',
    violations: ({resources}) => [
      ...new Set(resources.map(({type}) => type).filter((type) => RESOURCE_PERMISSIONS[type] === undefined)),
    ],
    plant: (copy) => {
      copy.push({...copy[0]!, type: 'gcp:redis/instance:Instance'})
      return true
    },
  },
  {
    says: 'No role is granted, in the project or on anything in it, but those that a deployer may grant',
    violations: ({resources}) =>
      resources
        .filter(({type, inputs}) => /:\w*IAMMember$|:SecretIamMember$/.test(type) && !GRANTED.includes(inputs.role))
        .map((resource) => `${shown(resource)}: ${resource.inputs.role}`),
    plant: (copy) => {
      copy.find(({type}) => type.endsWith(':TopicIAMMember'))!.inputs.role = 'roles/compute.admin'
      return true
    },
  },
  {
    says: 'Every API that a resource of Google’s needs is enabled',
    violations: ({resources}) => {
      const enabled = resources.flatMap(({type, inputs}) =>
        type === 'gcp:projects/service:Service' ? [String(inputs.service)] : [],
      )
      const needed = new Set(resources.flatMap(({type}) => apiOf(type)))
      return [...needed].filter((api) => !enabled.includes(`${api}.googleapis.com`))
    },
    plant: (copy) => {
      const at = copy.findIndex(({inputs}) => inputs.service === 'container.googleapis.com')
      copy.splice(at, 1)
      return true
    },
  },
]

/** The account that the step between the stacks makes for the migration's Job. */
function migrating({database, services, namespace, project}: Topology) {
  const name = database?.config.migrate?.service
  const account = services.find((service) => service.name === name)?.account
  if (name === undefined) return []
  return [{who: `${migrationNamespace(namespace)}/${name}`, as: `${account}@${project}.iam.gserviceaccount.com`}]
}

/** `gcp:sql/…` → `sqladmin`. */
function apiOf(type: string): string[] {
  if (!isGoogle(type)) return []
  const module = type.split(':')[1]!.split('/')[0]!
  const named: Record<string, string> = {sql: 'sqladmin', projects: 'cloudresourcemanager', serviceaccount: 'iam'}
  return [named[module] ?? module]
}
