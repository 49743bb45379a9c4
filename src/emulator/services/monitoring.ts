/** Cloud Monitoring: https://cloud.google.com/monitoring/api/ref_v3/rest. What is kept and checked; the emulator watches nothing with it. */
import type {CheckFailure, Props} from '../contract.ts'
import {hasUnknown} from '../provider/values.ts'
import {digits, hex, projectNumber} from './names.ts'
import type {Plain} from './plain.ts'
import {between, matches, oneOf, rules} from './rules.ts'

/** What Google would name at random; two of the same inputs in one project are one, so the whole of them goes into the name. */
const numbered = (inputs: Props) => digits(JSON.stringify(inputs), 19)

const id63 = (property: string) => matches(property, /^[a-zA-Z0-9:_-]{1,63}$/, '1–63 letters, digits, _, - and :')

export const monitoring: readonly Plain[] = [
  {
    token: 'gcp:monitoring/notificationChannel:NotificationChannel',
    immutable: ['type'],
    repeatable: true,
    id: (inputs) => `projects/${inputs.project}/notificationChannels/${numbered(inputs)}`,
    derive: (_, id) => ({name: id, verificationStatus: ''}),
  },
  {
    token: 'gcp:monitoring/customService:CustomService',
    id: ({project, serviceId, displayName}) =>
      `projects/${project}/services/${serviceId ?? hex(String(displayName), 22)}`,
    derive: (_, id) => ({name: id, serviceId: id.split('/').at(-1)}),
    check: id63('serviceId'),
  },
  {
    token: 'gcp:monitoring/slo:Slo',
    id: ({project, service, sloId, displayName}) =>
      `projects/${project}/services/${String(service).split('/').at(-1)}/serviceLevelObjectives/${sloId ?? hex(String(displayName), 22)}`,
    derive: (_, id) => ({name: id, sloId: id.split('/').at(-1)}),
    // Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives (0 < goal <= 0.9999)
    check: rules(id63('sloId'), between('goal', Number.MIN_VALUE, 0.9999)),
    needs: ({project, service}) => [
      [
        'gcp:monitoring/customService:CustomService',
        `projects/${project}/services/${String(service).split('/').at(-1)}`,
      ],
    ],
  },
  {
    token: 'gcp:monitoring/alertPolicy:AlertPolicy',
    repeatable: true,
    id: (inputs) => `projects/${inputs.project}/alertPolicies/${numbered(inputs)}`,
    derive: (_, id) => ({name: id}),
    check: rules(),
    needs: ({notificationChannels}) =>
      ((notificationChannels ?? []) as string[]).map((id) => [
        'gcp:monitoring/notificationChannel:NotificationChannel',
        id,
      ]),
  },
  {
    token: 'gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig',
    repeatable: true,
    id: (inputs) => `projects/${inputs.project}/uptimeCheckConfigs/${hex(JSON.stringify(inputs), 22)}`,
    derive: (_, id) => ({name: id, uptimeCheckId: id.split('/').at(-1)}),
    // Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.uptimeCheckConfigs
    check: (inputs) => [
      ...rules(
        oneOf('period', ['60s', '300s', '600s', '900s']),
        matches('timeout', /^([1-9]|[1-5]\d|60)(\.\d+)?s$/, 'a duration from 1s to 60s'),
      )(inputs),
      ...regionsFailure(inputs.selectedRegions),
    ],
  },
  {
    token: 'gcp:monitoring/dashboard:Dashboard',
    repeatable: true,
    id: (inputs) => `projects/${projectNumber(String(inputs.project))}/dashboards/${hex(JSON.stringify(inputs), 32)}`,
    check: ({dashboardJson}) => dashboardFailure(dashboardJson),
  },
]

function regionsFailure(regions: unknown): CheckFailure[] {
  if (!Array.isArray(regions) || hasUnknown(regions)) return []
  return regions.length >= 3 || regions.includes('USA')
    ? []
    : [{property: 'selectedRegions', reason: 'enough regions must be given for at least 3 locations'}]
}

function dashboardFailure(text: unknown): CheckFailure[] {
  if (hasUnknown(text)) return []
  try {
    JSON.parse(String(text))
    return []
  } catch {
    return [{property: 'dashboardJson', reason: 'contains an invalid JSON'}]
  }
}
