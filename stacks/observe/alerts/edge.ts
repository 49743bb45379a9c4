import type {ObserveInput} from '../index.ts'
import type {Alert} from './alert.ts'

const REQUESTS = 'loadbalancing_googleapis_com:https_request_count'
const BACKEND_REQUESTS = 'loadbalancing_googleapis_com:https_backend_request_count'

/** Failed requests among all, at the front door. */
const errors = (prefix: string, window: string) =>
  `sum(rate(${REQUESTS}{url_map_name="${prefix}",response_code_class="500"}[${window}])) / sum(rate(${REQUESTS}{url_map_name="${prefix}"}[${window}]))`

export function edgeAlerts(input: ObserveInput, front: NonNullable<ObserveInput['front']>): Alert[] {
  return [...burns(input), ...input.regions.map(({name}) => regionErrors(input, name)), ...certificate(input, front)]
}

function burns({prefix, objectives, limits}: ObserveInput): Alert[] {
  return limits.burns.map(({name, rate, long, short, severity}) => {
    const limit = (rate * (1 - objectives.availability)).toPrecision(4)
    return {
      name: `error-budget-${name}`,
      title: `the error budget burns ${rate} times too fast`,
      query: `(${errors(prefix, long)}) > ${limit} and (${errors(prefix, short)}) > ${limit}`,
      durationSeconds: 60,
      severity,
      advice: 'Run `ha status` to see which region fails; `ha failover --region R` takes it out.',
    }
  })
}

/** By zone of the pods: behind one address for all regions a dead one hides otherwise. */
function regionErrors({prefix, limits}: ObserveInput, region: string): Alert {
  const of = `url_map_name="${prefix}",backend_scope=~"${region}.*"`
  const rate = (more: string) => `sum(rate(${BACKEND_REQUESTS}{${of}${more}}[5m]))`
  return {
    name: `errors-${region}`,
    title: `${region} fails more than ${limits.regionErrors * 100} % of its requests`,
    query: `${rate(',response_code_class="500"')} / ${rate('')} > ${limits.regionErrors}`,
    durationSeconds: 300,
    severity: 'CRITICAL',
    advice: `Run \`ha status\`; if ${region} alone fails, take it out of the rotation.`,
  }
}

function certificate({limits}: ObserveInput, {host}: NonNullable<ObserveInput['front']>): Alert[] {
  if (host === undefined) return []
  return [
    {
      name: 'certificate',
      title: `the certificate of ${host} expires within ${limits.certificateDays} days`,
      query: `min(monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{host="${host}"}) < ${limits.certificateDays}`,
      durationSeconds: 600,
      severity: 'ERROR',
      advice: 'Google renews by itself while the _acme-challenge record of the domain stands: check it.',
    },
    {
      name: 'front-door',
      title: `${host} does not answer from several continents`,
      query: `avg(avg_over_time(monitoring_googleapis_com:uptime_check_check_passed{host="${host}"}[3m])) < 0.5`,
      durationSeconds: 60,
      severity: 'CRITICAL',
      advice: 'Run `ha status`. If pods are sound, look at the domain’s records and at Google’s status page.',
    },
  ]
}
