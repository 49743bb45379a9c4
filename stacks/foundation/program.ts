import {gcp, googleProvider, pulumi} from '../pulumi.ts'
import {edgeOf} from './edge.ts'
import {gateOf} from './gate.ts'
import {imagesOf} from './images.ts'
import type {FoundationInput} from './index.ts'
import {networkOf} from './network.ts'
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
  const {Account, IAMMember} = gcp('serviceaccount')
  const nodes = new Account('nodes', {project, accountId: input.nodeAccount, displayName: `${prefix} nodes`}, enabled)
  for (const role of ['roles/container.defaultNodeServiceAccount', 'roles/artifactregistry.reader']) {
    new ProjectIAMMember(
      `nodes-${role}`,
      {project, role, member: pulumi.interpolate`serviceAccount:${nodes.email}`},
      opts,
    )
  }

  const accounts = input.accounts.map(({name, account}) => {
    const identity = new Account(name, {project, accountId: account, displayName: `${prefix} ${name}`}, enabled)
    // One binding serves every cluster of the project: they share the workload identity pool.
    new IAMMember(
      `${name}-workload-identity`,
      {
        serviceAccountId: identity.name,
        role: 'roles/iam.workloadIdentityUser',
        member: `serviceAccount:${project}.svc.id.goog[${input.namespace}/${name}]`,
      },
      opts,
    )
    const roles = input.usesDatabase ? ['roles/cloudsql.client', 'roles/cloudsql.instanceUser'] : []
    for (const role of roles) {
      const member = pulumi.interpolate`serviceAccount:${identity.email}`
      new ProjectIAMMember(`${name}-${role}`, {project, role, member}, opts)
    }
    return identity
  })

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
