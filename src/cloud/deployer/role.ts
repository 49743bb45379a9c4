/** The role of whoever deploys: what the tables say and nothing else, as a file for `gcloud iam roles create`. */
import {CALLS} from './calls.ts'
import {RESOURCE_PERMISSIONS} from './resources.ts'

/** Sorted, each once. */
export const deployerPermissions = (): string[] =>
  [...new Set([...Object.values(RESOURCE_PERMISSIONS).flat(), ...CALLS.flatMap(({permissions}) => permissions)])].sort()

/**
 * Every role that the stacks grant (stacks/foundation, stacks/messaging): a deployer need not be able to grant more. Also those on one topic,
 * secret, bucket or account: the condition below is asked wherever a service tells which roles are modified, not in the project alone.
 */
export const GRANTED_ROLES = [
  'roles/artifactregistry.reader',
  'roles/cloudsql.client',
  'roles/cloudsql.instanceUser',
  'roles/container.defaultNodeServiceAccount',
  'roles/iam.workloadIdentityUser',
  'roles/monitoring.viewer',
  'roles/pubsub.publisher',
  'roles/pubsub.subscriber',
  'roles/secretmanager.secretAccessor',
  'roles/storage.objectViewer',
] as const

/** Format: https://docs.cloud.google.com/iam/docs/creating-custom-roles; limits on grants: …/docs/setting-limits-on-granting-roles */
export function deployerRoleFile(project: string): string {
  const granted = GRANTED_ROLES.map((role) => `'${role}'`).join(', ')
  const list = deployerPermissions().map((permission) => `  - ${permission}`)
  return `# The account that deploys, as little as it needs. Written by \`ha init --ci\`. Once, by hand, and again with \`update\` after an upgrade of ha:
#   gcloud iam roles create haDeployer --project=${project} --file=deployer-role.yaml
#   gcloud projects add-iam-policy-binding ${project} --member=serviceAccount:DEPLOYER --role=projects/${project}/roles/haDeployer \\
#     --condition-from-file=deployer-condition.yaml
# where deployer-condition.yaml keeps it from granting itself, or anybody, more than the platform is made of:
#   title: only the roles of the platform
#   expression: api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([${granted}])
# In the clusters it may bind any role, which is as much as may be done there: nothing less lets it install the metrics adapter.
title: ha deployer
description: Deploys, fails over and takes down what ha manages.
stage: GA
includedPermissions:
${list.join('\n')}
`
}
