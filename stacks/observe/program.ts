import {gcp, googleProvider} from '../pulumi.ts'
import {alertsOf} from './alerts/index.ts'
import {dashboardJson} from './dashboard.ts'
import type {ObserveInput} from './index.ts'
import {objectives} from './objectives.ts'

export function program(input: ObserveInput) {
  const {project, prefix, labels} = input
  const opts = {provider: googleProvider(project, labels)}
  const {NotificationChannel, AlertPolicy, Dashboard} = gcp('monitoring')

  const channels = input.alerts.map(
    (address) =>
      new NotificationChannel(
        address,
        {
          project,
          displayName: `${prefix} ${address}`,
          type: 'email',
          labels: {email_address: address},
          userLabels: labels,
        },
        opts,
      ).name,
  )
  for (const {name, title, query, durationSeconds, severity, advice} of alertsOf(input)) {
    new AlertPolicy(
      name,
      {
        project,
        displayName: `${prefix}: ${title}`,
        combiner: 'OR',
        severity,
        notificationChannels: channels,
        documentation: {content: advice, mimeType: 'text/markdown'},
        userLabels: labels,
        conditions: [
          {
            displayName: title,
            conditionPrometheusQueryLanguage: {
              query,
              duration: `${durationSeconds}s`,
              evaluationInterval: '30s',
              // Metrics appear with the first traffic; creation must not wait for it.
              disableMetricValidation: true,
            },
          },
        ],
      },
      opts,
    )
  }
  const dashboard = new Dashboard('dashboard', {project, dashboardJson: dashboardJson(input)}, opts)
  if (input.front) objectives(input, opts)
  frontDoor(input, opts)
  return {dashboard: dashboard.id}
}

/** Asked for from three continents, through the same door as customers. */
function frontDoor(
  {project, prefix, front, labels}: ObserveInput,
  opts: {provider: ReturnType<typeof googleProvider>},
) {
  if (front?.host === undefined) return
  const {path, host} = front
  ;new (gcp('monitoring').UptimeCheckConfig)(
    'front',
    {
      project,
      displayName: `${prefix} front door`,
      period: '60s',
      timeout: '10s',
      selectedRegions: ['USA', 'EUROPE', 'ASIA_PACIFIC'],
      logCheckFailures: true,
      userLabels: labels,
      httpCheck: {path, port: 443, useSsl: true, validateSsl: true, requestMethod: 'GET'},
      monitoredResource: {type: 'uptime_url', labels: {project_id: project, host}},
    },
    opts,
  )
}
