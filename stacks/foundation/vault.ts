import {gcp, pulumi} from '../pulumi.ts'
import type {FoundationInput} from './index.ts'
import type {Options} from './options.ts'

/** Secrets without values, and who may read them; values never pass through Pulumi. */
export function secretsOf(
  input: FoundationInput,
  accounts: readonly {email: import('@pulumi/pulumi').Output<string>}[],
  {provider, dependsOn}: Options,
) {
  const {Secret, SecretIamMember} = gcp('secretmanager')
  const {project, protect} = input
  for (const {name, id} of input.secrets) {
    const secret = new Secret(
      name,
      {
        project,
        secretId: id,
        // Replication can never be changed: a list of regions would make a later region replace the secret, values and all.
        // Source: https://cloud.google.com/secret-manager/docs/choosing-replication
        replication: {auto: {}},
        deletionProtection: protect,
      },
      {provider, dependsOn, protect, ignoreChanges: ['replication']},
    )
    accounts.forEach(({email}, i) => {
      new SecretIamMember(
        `${name}-${input.accounts[i]!.name}`,
        {
          project,
          secretId: secret.secretId,
          role: 'roles/secretmanager.secretAccessor',
          member: pulumi.interpolate`serviceAccount:${email}`,
        },
        {provider},
      )
    })
  }
}
