import {gcp, pulumi} from '../pulumi.ts'
import type {FoundationInput} from './index.ts'
import type {Options} from './options.ts'

/** In a multi-region, since it must be read while any one region is gone. It holds one small object, which operations write. */
export function gateOf(
  {gate, project, accounts: names}: FoundationInput,
  accounts: readonly {email: import('@pulumi/pulumi').Output<string>}[],
  {provider, dependsOn}: Options,
) {
  if (!gate) return
  const {Bucket, BucketIAMMember} = gcp('storage')
  const bucket = new Bucket(
    'gate',
    {
      project,
      name: gate.bucket,
      location: gate.location,
      uniformBucketLevelAccess: true,
      publicAccessPrevention: 'enforced',
      forceDestroy: true,
      // Nothing in it is worth keeping once it was written over.
      softDeletePolicy: {retentionDurationSeconds: 0},
    },
    {provider, dependsOn, ignoreChanges: ['location']},
  )
  accounts.forEach(({email}, i) => {
    const member = pulumi.interpolate`serviceAccount:${email}`
    new BucketIAMMember(
      `gate-${names[i]!.name}`,
      {bucket: bucket.name, role: 'roles/storage.objectViewer', member},
      {provider},
    )
  })
}
