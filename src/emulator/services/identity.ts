/** Projects, service accounts and who may do what: https://cloud.google.com/iam/docs/reference/rest */
import {digits, idOf, projectNumber, serviceAgent} from './names.ts'
import type {Plain} from './plain.ts'
import {matches, member, role, rules} from './rules.ts'

interface Membership {
  readonly project: string
  readonly role: string
  readonly member: string
  readonly condition?: {readonly title: string}
  readonly [property: string]: unknown
}

/** One member in one role of something; `of` gives that something's id. */
export function membership(
  token: Plain['token'],
  of: (inputs: Membership) => string,
  needs?: Plain<Membership>['needs'],
): Plain {
  const plain: Plain<Membership> = {
    token,
    updatable: false,
    repeatable: true,
    id: (inputs) => [of(inputs), inputs.role, inputs.member, inputs.condition?.title].filter(Boolean).join('/'),
    born: (_, id) => ({etag: `Bw${digits(id, 9)}=`}),
    check: rules(role(), member()),
    ...(needs && {needs}),
  }
  return plain as unknown as Plain
}

const account = (email: string, project: string) => idOf(email, `projects/${project}/serviceAccounts`)

export const identity: readonly Plain[] = [
  {
    token: 'gcp:projects/service:Service',
    repeatable: true,
    id: ({project, service}) => `${project}/${service}`,
    check: matches('service', /^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a service such as compute.googleapis.com'),
  },
  {
    token: 'gcp:projects/serviceIdentity:ServiceIdentity',
    updatable: false,
    repeatable: true,
    id: ({project, service}) => `projects/${project}/services/${service}`,
    derive: ({project, service}) => {
      const email = serviceAgent(project as string, service as string)
      return {email, member: `serviceAccount:${email}`}
    },
  },
  {
    token: 'gcp:projects/iAMCustomRole:IAMCustomRole',
    id: ({project, roleId}) => `projects/${project}/roles/${roleId}`,
    derive: (_, id) => ({name: id, deleted: false}),
    check: matches('roleId', /^[a-zA-Z0-9_.]{3,64}$/, '3–64 letters, digits, underscores and full stops'),
  },
  membership('gcp:projects/iAMMember:IAMMember', ({project}) => project),
  {
    token: 'gcp:serviceaccount/account:Account',
    id: ({project, accountId}) => `projects/${project}/serviceAccounts/${emailOf(accountId, project)}`,
    derive: ({project, accountId}, id) => {
      const email = emailOf(accountId, project)
      return {email, name: id, member: `serviceAccount:${email}`, uniqueId: digits(id, 21)}
    },
    check: matches(
      'accountId',
      /^[a-z](?=[-a-z0-9]{5,29}$)[-a-z0-9]*[a-z0-9]$/,
      '6–30 lower-case letters, digits and hyphens, starting with a letter and not ending in a hyphen',
    ),
  },
  membership(
    'gcp:serviceaccount/iAMMember:IAMMember',
    ({serviceAccountId}) => String(serviceAccountId),
    ({serviceAccountId}) => {
      const id = String(serviceAccountId)
      const project = /@(.+)\.iam\.gserviceaccount\.com$/.exec(id)?.[1] ?? ''
      return [['gcp:serviceaccount/account:Account', account(id, project)]]
    },
  ),
  {
    token: 'gcp:iam/workloadIdentityPool:WorkloadIdentityPool',
    immutable: ['mode'],
    id: ({project, workloadIdentityPoolId}) =>
      `projects/${project}/locations/global/workloadIdentityPools/${workloadIdentityPoolId}`,
    derive: ({project, workloadIdentityPoolId}) => ({
      name: `projects/${projectNumber(project as string)}/locations/global/workloadIdentityPools/${workloadIdentityPoolId}`,
      state: 'ACTIVE',
    }),
    check: matches(
      'workloadIdentityPoolId',
      /^(?!gcp-)[a-z0-9-]{4,32}$/,
      '4–32 of a–z, 0–9 and -, not starting with gcp-',
    ),
  },
  {
    token: 'gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider',
    id: ({project, workloadIdentityPoolId, workloadIdentityPoolProviderId}) =>
      `projects/${project}/locations/global/workloadIdentityPools/${workloadIdentityPoolId}/providers/${workloadIdentityPoolProviderId}`,
    derive: (_, id) => ({name: id, state: 'ACTIVE'}),
    needs: ({project, workloadIdentityPoolId}) => [
      [
        'gcp:iam/workloadIdentityPool:WorkloadIdentityPool',
        `projects/${project}/locations/global/workloadIdentityPools/${workloadIdentityPoolId}`,
      ],
    ],
  },
]

const emailOf = (accountId: unknown, project: unknown) => `${accountId}@${project}.iam.gserviceaccount.com`
