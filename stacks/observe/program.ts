import {gcp, googleProvider} from '../pulumi.ts'
import {alertsOf} from './alerts.ts'
import type {ObserveInput} from './index.ts'

export function program(input: ObserveInput) {
  const {project, prefix} = input
  const opts = {provider: googleProvider(project, input.labels)}
  const {NotificationChannel, AlertPolicy, UptimeCheckConfig} = gcp('monitoring')

  const channels = input.alerts.map(
    (address) =>
      new NotificationChannel(
        address,
        {project, displayName: `${prefix} ${address}`, type: 'email', labels: {email_address: address}},
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
  if (input.check) {
    new UptimeCheckConfig(
      'front',
      {
        project,
        displayName: `${prefix} front door`,
        period: '60s',
        timeout: '10s',
        selectedRegions: ['USA', 'EUROPE', 'ASIA_PACIFIC'],
        logCheckFailures: true,
        httpCheck: {path: input.check.path, port: 443, useSsl: true, validateSsl: true},
        monitoredResource: {type: 'uptime_url', labels: {project_id: project, host: input.check.host}},
      },
      opts,
    )
  }
  return {}
}
