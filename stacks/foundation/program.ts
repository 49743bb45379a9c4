import {gcp, googleProvider, pulumi} from '../pulumi.ts'
import type {FoundationInput} from './index.ts'

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
  const edge = edgeOf(input, enabled)
  ;new (gcp('artifactregistry').Repository)(
    'images',
    {
      project,
      repositoryId: prefix,
      // A multi-region, so that images outlive the loss of any one region.
      location: input.regions[0]!.startsWith('europe')
        ? 'europe'
        : input.regions[0]!.startsWith('asia')
          ? 'asia'
          : 'us',
      format: 'DOCKER',
    },
    enabled,
  )
  return {
    network: network.id,
    nodeEmail: nodes.email,
    emails: pulumi.all(Object.fromEntries(input.accounts.map(({name}, i) => [name, accounts[i]!.email]))),
    ...edge,
  }
}

type Options = {provider: import('@pulumi/pulumi').ProviderResource; dependsOn: import('@pulumi/pulumi').Resource[]}

function networkOf(input: FoundationInput, opts: Options) {
  const {project} = input
  const {Network, GlobalAddress, Firewall} = gcp('compute')
  const network = new Network(
    'network',
    {project, name: input.network, autoCreateSubnetworks: false, routingMode: 'GLOBAL', mtu: 1460},
    opts,
  )
  const range = new GlobalAddress(
    'service-range',
    {
      project,
      name: `${input.prefix}-services`,
      purpose: 'VPC_PEERING',
      addressType: 'INTERNAL',
      address: input.serviceRange.address,
      prefixLength: input.serviceRange.prefixLength,
      network: network.id,
    },
    opts,
  )
  ;new (gcp('servicenetworking').Connection)(
    'service-peering',
    {
      network: network.id,
      service: 'servicenetworking.googleapis.com',
      reservedPeeringRanges: [range.name],
      // Deleting the peering right after the last SQL instance fails for hours; the network's own deletion takes it along.
      deletionPolicy: 'ABANDON',
    },
    opts,
  )
  // Standalone NEGs get no automatic firewall rule. Source: https://cloud.google.com/load-balancing/docs/https#firewall-rules
  if (input.ports.length > 0) {
    new Firewall(
      'front-ends',
      {
        project,
        name: `${input.prefix}-allow-front-ends`,
        network: network.id,
        direction: 'INGRESS',
        sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
        targetTags: [input.prefix],
        allows: [{protocol: 'tcp', ports: input.ports.map(String)}],
      },
      opts,
    )
  }
  ;new (gcp('dns').ManagedZone)(
    'internal',
    {
      project,
      name: input.dnsZone.name,
      dnsName: input.dnsZone.domain,
      visibility: 'private',
      privateVisibilityConfig: {networks: [{networkUrl: network.id}]},
    },
    opts,
  )
  return network
}

function secretsOf(
  input: FoundationInput,
  accounts: readonly {email: import('@pulumi/pulumi').Output<string>}[],
  opts: Options,
) {
  const {Secret, SecretIamMember} = gcp('secretmanager')
  for (const {name, id} of input.secrets) {
    const secret = new Secret(
      name,
      {
        project: input.project,
        secretId: id,
        // Named replicas rather than Google's choice, so that the secret outlives any one region for certain.
        replication: {userManaged: {replicas: input.regions.map((location) => ({location}))}},
      },
      opts,
    )
    accounts.forEach(({email}, i) => {
      new SecretIamMember(
        `${name}-${input.accounts[i]!.name}`,
        {
          project: input.project,
          secretId: secret.secretId,
          role: 'roles/secretmanager.secretAccessor',
          member: pulumi.interpolate`serviceAccount:${email}`,
        },
        {provider: opts.provider},
      )
    })
  }
}

/** The addresses customers' DNS points at, and the certificate, issued by DNS before any traffic moves. */
function edgeOf(input: FoundationInput, opts: Options) {
  const {project, prefix, domain} = input
  const address = new (gcp('compute').GlobalAddress)(
    'address',
    {project, name: `${prefix}-edge`, addressType: 'EXTERNAL', ipVersion: 'IPV4'},
    opts,
  )
  if (domain === undefined) return {address: address.address, addressName: address.name}

  const {DnsAuthorization, Certificate, CertificateMap, CertificateMapEntry} = gcp('certificatemanager')
  const authorization = new DnsAuthorization('domain', {project, name: `${prefix}-domain`, domain}, opts)
  const certificate = new Certificate(
    'certificate',
    {
      project,
      // Domains of a managed certificate cannot change; a new one gets a new name and the map entry is switched.
      name: `${prefix}-cert-v1`,
      managed: {domains: [domain], dnsAuthorizations: [authorization.id]},
    },
    opts,
  )
  const map = new CertificateMap('certificates', {project, name: `${prefix}-certs`}, opts)
  new CertificateMapEntry(
    'certificate-entry',
    {project, name: `${prefix}-domain`, map: map.name, hostname: domain, certificates: [certificate.id]},
    opts,
  )
  return {
    address: address.address,
    addressName: address.name,
    certificateMap: map.id,
    challenge: authorization.dnsResourceRecords,
  }
}
