import {gcp, googleProvider, pulumi} from '../pulumi.ts'
import {edgeOf} from './edge.ts'
import {gateOf} from './gate.ts'
import {imagesOf} from './images.ts'
import type {FoundationInput} from './index.ts'
import {networkOf} from './network.ts'
import type {Options} from './options.ts'
import {secretsOf} from './vault.ts'

export function program(input: FoundationInput) {
  const {project, prefix} = input
  const provider = googleProvider(project, input.labels)
  const opts = {provider}
  const {Service, IAMMember: ProjectIAMMember} = gcp('projects')

  const apis = input.apis.map(
    (service) =>
      new Service(service, {project, service, disableOnDestroy: false, disableDependentServices: false}, opts),
  )
  const enabled = {provider, dependsOn: apis}

  const network = networkOf(input, enabled)
  const {Account} = gcp('serviceaccount')
  const nodes = new Account('nodes', {project, accountId: input.nodeAccount, displayName: `${prefix} nodes`}, enabled)
  for (const role of ['roles/container.defaultNodeServiceAccount', 'roles/artifactregistry.reader']) {
    new ProjectIAMMember(
      `nodes-${role}`,
      {project, role, member: pulumi.interpolate`serviceAccount:${nodes.email}`},
      opts,
    )
  }

  const database = input.usesDatabase ? ['roles/cloudsql.client', 'roles/cloudsql.instanceUser'] : []
  const accounts = input.accounts.map((account) => workloadIdentity(input, account, database, enabled))
  // Beside the services' accounts, not among them: they may read no secret.
  if (input.observer) workloadIdentity(input, input.observer, database, enabled)
  if (input.metrics) workloadIdentity(input, input.metrics, ['roles/monitoring.viewer'], enabled)

  secretsOf(input, accounts, enabled)
  gateOf(input, accounts, enabled)
  const edge = edgeOf(input, enabled)
  imagesOf(input, enabled)
  return {
    network: network.id,
    nodeEmail: nodes.email,
    emails: pulumi.all(Object.fromEntries(input.accounts.map(({name}, i) => [name, accounts[i]!.email]))),
    ...edge,
  }
}

/** A Google account with roles in the project, and the Kubernetes accounts of its name that act as it. */
function workloadIdentity(
  {project, prefix}: FoundationInput,
  {name, account, namespaces}: FoundationInput['accounts'][number],
  roles: readonly string[],
  enabled: Options,
) {
  const {Account, IAMMember} = gcp('serviceaccount')
  const opts = {provider: enabled.provider}
  const identity = new Account(name, {project, accountId: account, displayName: `${prefix} ${name}`}, enabled)
  // One binding serves every cluster of the project: they share the workload identity pool.
  namespaces.forEach((namespace, i) => {
    new IAMMember(
      i === 0 ? `${name}-workload-identity` : `${name}-workload-identity-${namespace}`,
      {
        serviceAccountId: identity.name,
        role: 'roles/iam.workloadIdentityUser',
        member: `serviceAccount:${project}.svc.id.goog[${namespace}/${name}]`,
      },
      opts,
    )
  })
  for (const role of roles) {
    const member = pulumi.interpolate`serviceAccount:${identity.email}`
    ;new (gcp('projects').IAMMember)(`${name}-${role}`, {project, role, member}, opts)
  }
  return identity
}
