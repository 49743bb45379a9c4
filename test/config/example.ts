import {type Parsed, parseConfig} from '../../src/config/parse.ts'

/** A whole ha.yaml that is right; tests change one line of it. */
export const EXAMPLE = `version: 1
app: pms-rent
regions: [us-east1, europe-west1]
objectives: {availability: 99.95%, rto: 60s, rpo: 5s}
environments:
  local: {target: local}
  production:
    target: gcp
    project: pms-rent-prod
    state: gs://pms-rent-ha
    domain: api.pms.rent
    alerts: [oncall@pms.rent]
services:
  api:
    type: http
    image: us-docker.pkg.dev/pms-rent/app/api:1.4.2
    local: {command: node src/api.js}
    port: 8080
    replicas: {min: 3, max: 30, cpu: 60%}
    health: {ready: /readyz, live: /healthz, drain: 20s}
    env: {LOG_LEVEL: info}
  booking-sync:
    type: worker
    image: us-docker.pkg.dev/pms-rent/app/worker:1.4.2
    consumes: [bookings]
    replicas: {min: 2, max: 20, backlog: 100}
database:
  engine: postgres-16
  size: large
  storage: 100GiB
  recovery: {window: 7d}
  migrate: {service: api, command: node src/migrate.js}
queues:
  bookings: {ack: 60s, attempts: 10, retention: 7d}
edge: {rateLimit: 600/min, waf: true}
secrets: [STRIPE_KEY]
`

/** The example with one text replaced; fails when it is not there, so that no case tests nothing. */
export function changed(from: string | RegExp, to: string): string {
  const text = EXAMPLE.replace(from, () => to)
  if (text === EXAMPLE) throw new Error(`The example has no ${from}.`)
  return text
}

export const parse = (text: string, environment?: string): Parsed =>
  parseConfig(text, {file: 'ha.yaml', baseDir: '/app', ...(environment !== undefined && {environment})})

export const problemsOf = (text: string, environment?: string) => {
  const parsed = parse(text, environment)
  return 'problems' in parsed ? parsed.problems : []
}

/** `code line:column → instead` of each problem, and nothing of its wording. */
export const briefly = (text: string, environment?: string) =>
  problemsOf(text, environment).map(
    ({code, line, column, instead}) => `${code} ${line}:${column}${instead === undefined ? '' : ` → ${instead}`}`,
  )
