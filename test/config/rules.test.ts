import {expect, test} from 'vitest'
import {PROBLEM_CODES} from '../../src/config/problems.ts'
import {briefly, changed, EXAMPLE, parse, problemsOf} from './example.ts'

const SHA = `sha256:${'a'.repeat(64)}`
const measured = (image: string) =>
  `${changed('version: 1\n', 'version: 1\npreset: critical\n').replaceAll(':1.4.2', `:1.4.2@${SHA}`)}metrics: {image: ${image}}\n`
const CRITICAL = measured(`eu.example/adapter@${SHA}`)
const DEV = changed('objectives: {availability: 99.95%, rto: 60s, rpo: 5s}', 'preset: dev').replace(
  ', europe-west1',
  '',
)

/** The example with an observer in production. */
const observing = (settings: string) =>
  changed('    alerts: [oncall@pms.rent]\n', `    alerts: [oncall@pms.rent]\n    observer: ${settings}\n`)

/** The example with one window in which operations are blocked. */
const blocking = (window: string) => `${EXAMPLE}operations: {blocked: [{${window}, reason: ball}]}\n`

const outbox = (query: string) => `${EXAMPLE}operations: {outbox: ${query}}\n`

/** Title, the file, its problems as `code line:column → what to write instead`. */
const CASES: [string, string, string[]][] = [
  [
    'one region',
    changed(', europe-west1', ''),
    ['REGIONS_TOO_FEW 3:10 → [us-east1, europe-west1]', 'RPO_TOO_STRICT 4:51 → 5m', 'RTO_TOO_STRICT 4:41 → 30m'],
  ],
  [
    'no region',
    changed('[us-east1, europe-west1]', '[]'),
    ['REGIONS_TOO_FEW 3:10 → [europe-west1]', 'RPO_TOO_STRICT 4:51 → 5m', 'RTO_TOO_STRICT 4:41 → 30m'],
  ],
  [
    'one region twice',
    changed('europe-west1', 'us-east1'),
    ['REGIONS_TOO_FEW 3:10 → [us-east1, us-east1, europe-west1]', 'REGION_DUPLICATE 3:21'],
  ],
  ['a region listed twice', changed('[us-east1,', '[us-east1, europe-west1,'), ['REGION_DUPLICATE 3:35']],
  ['a region that does not exist', changed('europe-west1', 'europe-wst1'), ['REGION_UNKNOWN 3:21 → europe-west1']],
  ['an availability of 100%', changed('99.95%', '100%'), ['AVAILABILITY_IMPOSSIBLE 4:28 → 99.95%']],
  ['an availability of 0%', changed('99.95%', '0%'), ['AVAILABILITY_IMPOSSIBLE 4:28 → 99.95%']],
  ['an availability beyond the preset', changed('99.95%', '99.99%'), ['AVAILABILITY_BEYOND_PRESET 4:28 → 99.95%']],
  [
    'an availability beyond critical',
    CRITICAL.replace('99.95%', '99.999%'),
    ['AVAILABILITY_BEYOND_PRESET 5:28 → 99.99%'],
  ],
  ['an rpo of nothing', changed('rpo: 5s', 'rpo: 0s'), ['RPO_TOO_STRICT 4:51 → 1s']],
  ['an rto the preset cannot meet', changed('rto: 60s', 'rto: 59s'), ['RTO_TOO_STRICT 4:41 → 1m']],
  ['an rto critical cannot meet', CRITICAL.replace('rto: 60s', 'rto: 44s'), ['RTO_TOO_STRICT 5:41 → 45s']],
  ['http without a port', changed('    port: 8080\n', ''), ['SERVICE_PORT_MISSING 14:3 → port: 8080']],
  [
    'a probed worker without a port',
    changed('    consumes:', '    health: {}\n    consumes:'),
    ['SERVICE_PORT_MISSING 25:5 → port: 8080'],
  ],
  ['a port below 1024', changed('port: 8080', 'port: 80'), ['PORT_OUT_OF_RANGE 18:11 → 8080']],
  ['a port above 65535', changed('port: 8080', 'port: 65536'), ['PORT_OUT_OF_RANGE 18:11 → 8080']],
  [
    'a worker with paths',
    changed('    consumes:', '    paths: [/jobs]\n    consumes:'),
    ['SERVICE_SETTING_MISFIT 25:5'],
  ],
  ['a worker scaled by cpu', changed('backlog: 100', 'cpu: 60%'), ['SERVICE_SETTING_MISFIT 26:33']],
  ['http scaled by backlog', changed('cpu: 60%', 'backlog: 9'), ['SERVICE_SETTING_MISFIT 19:33']],
  [
    'a worker without consumes',
    changed('    consumes: [bookings]\n', ''),
    ['WORKER_WITHOUT_QUEUE 22:3 → consumes: [bookings]'],
  ],
  ['a worker that consumes nothing', changed('[bookings]', '[]'), ['WORKER_WITHOUT_QUEUE 25:5 → consumes: [bookings]']],
  ['an undefined queue', changed('[bookings]', '[boking]'), ['QUEUE_UNDEFINED 25:16 → bookings']],
  ['a queue consumed twice', changed('[bookings]', '[bookings, bookings]'), ['QUEUE_DUPLICATE 25:26']],
  [
    'only workers',
    changed('type: http', 'type: worker')
      .replace(/ {4}(port|health|replicas: \{min: 3).*\n/g, '')
      .replace('env: {LOG_LEVEL: info}', 'consumes: [bookings]'),
    ['SERVICE_HTTP_MISSING 13:1'],
  ],
  ['min over max', changed('min: 3, max: 30', 'min: 31, max: 30'), ['REPLICAS_MIN_OVER_MAX 19:21 → 30']],
  ['one instance on Google Cloud', changed('min: 3, max: 30', 'min: 1, max: 30'), ['REPLICAS_TOO_FEW 19:21 → 3']],
  ['one instance by max', changed('min: 3, max: 30', 'max: 1'), ['REPLICAS_TOO_FEW 19:21 → 3']],
  ['an outbox asked with two statements', outbox('SELECT 1; DELETE FROM o'), ['VALUE_INVALID 37:22 → SELECT 0']],
  ['an outbox asked with a change', outbox('DELETE FROM o'), ['VALUE_INVALID 37:22 → SELECT 0']],
  ['a window at all times', blocking('zone: UTC'), ['WINDOW_ENDLESS 37:24 → days: [sat, sun]']],
  [
    'a window on every day',
    blocking('days: [mon, tue, wed, thu, fri, sat, sun]'),
    ['WINDOW_ENDLESS 37:24 → days: [sat, sun]'],
  ],
  ['a freeze without an end', blocking('from: 2026-12-20'), ['WINDOW_ENDLESS 37:25 → to: 2026-12-20']],
  ['a freeze without a beginning', blocking('to: 2026-12-20'), ['WINDOW_ENDLESS 37:25 → from: 2026-12-20']],
  [
    'a freeze that ends before it begins',
    blocking('from: 2026-12-20, to: 2026-12-19'),
    ['WINDOW_BACKWARDS 37:47 → 2026-12-20'],
  ],
  [
    'a day that the month does not have',
    blocking('from: 2026-02-01, to: 2026-02-29'),
    ['DATE_INVALID 37:47 → 2026-02-28'],
  ],
  ['a day without its year', blocking('from: 12-20, to: 2026-12-21'), ['DATE_INVALID 37:31 → 2026-12-20']],
  ['hours that are none', blocking('hours: 18:00-25:00'), ['HOURS_INVALID 37:32 → 18:00-24:00']],
  ['hours that end when they begin', blocking('hours: 18:00-18:00'), ['WINDOW_BACKWARDS 37:32 → 00:00-24:00']],
  ['a day that is none', blocking('days: [sta]'), ['VALUE_NOT_ALLOWED 37:32 → sat']],
  ['a day twice', blocking('days: [sat, sun, sat]'), ['DAY_DUPLICATE 37:42']],
  ['a time zone that is none', blocking('days: [sat], zone: Europe/Zürich'), ['ZONE_UNKNOWN 37:44 → Europe/Zurich']],
  [
    'a window without a reason',
    `${EXAMPLE}operations: {blocked: [{days: [sat]}]}\n`,
    ['KEY_MISSING 37:24 → reason: …'],
  ],
  [
    'a drain longer than the grace',
    changed('drain: 20s}', 'drain: 20s}\n    grace: 29s'),
    ['DRAIN_OVER_GRACE 21:12 → 30s'],
  ],
  [
    'the default drain longer than the grace',
    changed('    health: {ready: /readyz, live: /healthz, drain: 20s}', '    grace: 10s'),
    ['DRAIN_OVER_GRACE 20:12 → 30s'],
  ],
  ['a grace of days', changed('drain: 20s}', 'drain: 20s}\n    grace: 2d'), ['VALUE_OUT_OF_RANGE 21:12 → 1h']],
  [
    'two services for one path',
    changed('services:\n', 'services:\n  web: {type: http, image: "web:1", port: 8081, paths: [/, /a]}\n').replace(
      '    port: 8080',
      '    port: 8080\n    paths: [/b, /a, /]',
    ),
    ['PATH_CLASH 20:17 → /api', 'PATH_CLASH 20:21 → /api'],
  ],
  [
    'two services for the default path',
    changed('services:\n', 'services:\n  web: {type: http, image: "web:1", port: 8081}\n'),
    ['PATH_CLASH 15:3 → paths: [/api]'],
  ],
  [
    'no service for /',
    changed('    port: 8080', '    port: 8080\n    paths: [/api]'),
    ['PATH_ROOT_MISSING 19:5 → paths: [/]'],
  ],
  ['a path with a query', changed('/readyz', '/readyz?a=1'), ['PATH_INVALID 20:21 → /readyz']],
  [
    'an image without tag',
    changed('api:1.4.2', 'api'),
    ['IMAGE_WITHOUT_VERSION 16:12 → us-docker.pkg.dev/pms-rent/app/api:1.0.0'],
  ],
  [
    'a registry port taken for a tag',
    changed('us-docker.pkg.dev/pms-rent/app/api:1.4.2', 'localhost:5000/api'),
    ['IMAGE_WITHOUT_VERSION 16:12 → localhost:5000/api:1.0.0'],
  ],
  [
    'an image by latest',
    changed('api:1.4.2', 'api:latest'),
    ['IMAGE_LATEST 16:12 → us-docker.pkg.dev/pms-rent/app/api:1.0.0'],
  ],
  [
    'a critical image by tag',
    CRITICAL.replace(`api:1.4.2@${SHA}`, 'api:1.4.2'),
    ['IMAGE_WITHOUT_DIGEST 17:12 → us-docker.pkg.dev/pms-rent/app/api:1.4.2@sha256:…'],
  ],
  [
    'a critical worker scaled by an adapter of ha’s choice, which is by tag',
    CRITICAL.replace(/metrics: .*\n/, ''),
    ['IMAGE_WITHOUT_DIGEST 23:3'],
  ],
  [
    'a critical metrics adapter by tag',
    measured('eu.example/adapter:1'),
    ['IMAGE_WITHOUT_DIGEST 38:18 → eu.example/adapter:1@sha256:…'],
  ],
  [
    'a metrics adapter whose image is none',
    measured('Not An Image'),
    ['IMAGE_INVALID 38:18 → gcr.io/gke-release/custom-metrics-stackdriver-adapter:v0.16.9-gke.0'],
  ],
  [
    'an image with capitals',
    changed('app/api:1.4.2', 'App/Api:1.4.2'),
    ['IMAGE_INVALID 16:12 → europe-docker.pkg.dev/my-project/my-app/api:1.0.0'],
  ],
  [
    'an image that is a number',
    changed('us-docker.pkg.dev/pms-rent/app/api:1.4.2', '12'),
    ['IMAGE_INVALID 16:12 → europe-docker.pkg.dev/my-project/my-app/api:1.0.0'],
  ],
  ...[
    'PORT',
    'DATABASE_URL',
    'DATABASE_REPLICA_URL',
    'HA_REGION',
    'GOOGLE_CLOUD_PROJECT',
    'PUBSUB_EMULATOR_HOST',
    'QUEUE_X_TOPIC',
  ].map((name): [string, string, string[]] => [
    `the reserved variable ${name}`,
    changed('LOG_LEVEL', name),
    ['ENV_NAME_RESERVED 21:11'],
  ]),
  ['a variable with a hyphen', changed('LOG_LEVEL', 'log-level'), ['ENV_NAME_INVALID 21:11 → LOG_LEVEL']],
  ['a variable that is a number', changed('LOG_LEVEL: info', 'LOG_LEVEL: 3'), ['VALUE_INVALID 21:22 → "3"']],
  ['a variable that is also a secret', changed('LOG_LEVEL', 'STRIPE_KEY'), ['SECRET_CLASH 21:11']],
  ['a secret in lower case', changed('[STRIPE_KEY]', '[stripe-key]'), ['SECRET_NAME_INVALID 36:11 → STRIPE_KEY']],
  ['a secret twice', changed('[STRIPE_KEY]', '[STRIPE_KEY, STRIPE_KEY]'), ['SECRET_DUPLICATE 36:23']],
  ['a reserved secret', changed('[STRIPE_KEY]', '[DATABASE_URL]'), ['ENV_NAME_RESERVED 36:11']],
  ['an ack deadline too short', changed('ack: 60s', 'ack: 9s'), ['QUEUE_ACK_OUT_OF_RANGE 34:19 → 10s']],
  ['an ack deadline too long', changed('ack: 60s', 'ack: 11m'), ['QUEUE_ACK_OUT_OF_RANGE 34:19 → 10m']],
  ['too few attempts', changed('attempts: 10', 'attempts: 4'), ['QUEUE_ATTEMPTS_OUT_OF_RANGE 34:34 → 5']],
  ['too many attempts', changed('attempts: 10', 'attempts: 101'), ['QUEUE_ATTEMPTS_OUT_OF_RANGE 34:34 → 100']],
  ['a retention too short', changed('retention: 7d', 'retention: 9m'), ['QUEUE_RETENTION_OUT_OF_RANGE 34:49 → 10m']],
  ['a retention too long', changed('retention: 7d', 'retention: 32d'), ['QUEUE_RETENTION_OUT_OF_RANGE 34:49 → 31d']],
  ['a retry too long', changed('retention: 7d', 'retry: {max: 1h}'), ['QUEUE_RETRY_OUT_OF_RANGE 34:51 → 10m']],
  [
    'retries the wrong way round',
    changed('retention: 7d', 'retry: {min: 60s, max: 30s}'),
    ['QUEUE_RETRY_OUT_OF_RANGE 34:51 → 30s'],
  ],
  ['a recovery window of hours', changed('window: 7d', 'window: 12h'), ['RECOVERY_OUT_OF_RANGE 31:22 → 1d']],
  ['a recovery window beyond the preset', changed('window: 7d', 'window: 8d'), ['RECOVERY_OUT_OF_RANGE 31:22 → 7d']],
  [
    'a recovery window beyond critical',
    CRITICAL.replace('window: 7d', 'window: 36d'),
    ['RECOVERY_OUT_OF_RANGE 32:22 → 35d'],
  ],
  ['too little storage', changed('100GiB', '9GiB'), ['STORAGE_OUT_OF_RANGE 30:12 → 10GiB']],
  ['too much storage', changed('100GiB', '65TiB'), ['STORAGE_OUT_OF_RANGE 30:12 → 64TiB']],
  ['a migration by nobody', changed('service: api', 'service: apy'), ['MIGRATE_SERVICE_UNDEFINED 32:22 → api']],
  [
    'Google Cloud without a project',
    changed('    project: pms-rent-prod\n', ''),
    ['PROJECT_MISSING 7:3 → project: pms-rent-production'],
  ],
  [
    'Google Cloud without a domain',
    changed('    domain: api.pms.rent\n', ''),
    ['DOMAIN_MISSING 7:3 → domain: api.example.com'],
  ],
  ['a bad project id', changed('pms-rent-prod', 'PMS'), ['PROJECT_INVALID 9:14']],
  ['a bad bucket', changed('gs://pms-rent-ha', 'gs://PMS'), ['STATE_INVALID 10:12 → gs://my-bucket']],
  [
    'a domain with a protocol',
    changed('domain: api.pms.rent', 'domain: https://api.pms.rent'),
    ['DOMAIN_INVALID 11:13 → api.example.com'],
  ],
  ['a bad e-mail address', changed('oncall@pms.rent', 'oncall'), ['EMAIL_INVALID 12:14 → oncall@example.com']],
  ['an app of two characters', changed('app: pms-rent', 'app: pm'), ['NAME_INVALID 2:6']],
  ['an app of 21 characters', changed('app: pms-rent', `app: ${'a'.repeat(21)}`), ['NAME_INVALID 2:6']],
  ['a service with capitals', changed('booking-sync', 'bookingSync'), ['NAME_INVALID 22:3 → booking-sync']],
  ['a cluster name too long', changed('europe-west1', 'northamerica-northeast1'), ['NAME_TOO_LONG 2:6']],
  [
    'a network endpoint group name too long',
    changed('  api:', `  ${'a'.repeat(33)}:`).replace('service: api', `service: ${'a'.repeat(33)}`),
    ['NAME_TOO_LONG 14:3'],
  ],
  [
    'a PostgreSQL role name too long',
    changed('project: pms-rent-prod', `project: ${'p'.repeat(29)}`),
    ['NAME_TOO_LONG 22:3'],
  ],
  ['an environment with a bad name', changed('  production:', '  Production:'), ['NAME_INVALID 7:3']],
  ['version missing', changed('version: 1\n', ''), ['VERSION_MISSING 1:1 → version: 1']],
  ['a version from the future', changed('version: 1', 'version: 2'), ['VERSION_UNSUPPORTED 1:10 → 1']],
  ['a version in quotes', changed('version: 1', 'version: "1"'), ['VERSION_UNSUPPORTED 1:10 → 1']],
  ['a misspelt key', changed('    replicas: {min: 3', '    replcas: {min: 3'), ['KEY_UNKNOWN 19:5 → replicas']],
  ['a misspelt top key', changed('regions:', 'region:'), ['KEY_MISSING 1:1 → regions: …', 'KEY_UNKNOWN 3:1 → regions']],
  ['misspelt environments', changed('environments:', 'enviroments:'), ['KEY_UNKNOWN 5:1 → environments']],
  ['a target at the top', changed('app: pms-rent', 'app: pms-rent\ntarget: gcp'), ['KEY_MISPLACED 3:1']],
  ['an app in an environment', changed('{target: local}', '{target: local, app: other}'), ['KEY_MISPLACED 6:26']],
  [
    'an environment that is no map',
    changed('{target: local}', 'local'),
    ['KEY_MISSING 6:3 → target: local', 'VALUE_INVALID 6:10 → local: {target: local}'],
  ],
  [
    'environments that are no map',
    changed(/environments:\n( .*\n)+/, 'environments: [local]\n'),
    ['VALUE_INVALID 5:15 → local: {target: local}'],
  ],
  ['a target that is not one', changed('target: gcp', 'target: gpc'), ['VALUE_NOT_ALLOWED 8:13 → gcp']],
  ['a duration without a unit', changed('drain: 20s', 'drain: 20'), ['DURATION_INVALID 20:53 → 20s']],
  ['a size without a unit', changed('100GiB', '100'), ['SIZE_INVALID 30:12 → 100GiB']],
  ['a percentage without its sign', changed('cpu: 60%', 'cpu: 60'), ['PERCENT_INVALID 19:38 → 60%']],
  ['a rate without a unit', changed('600/min', '600'), ['RATE_INVALID 35:19 → 600/min']],
  [
    'memory in megabytes',
    changed('    port: 8080', '    port: 8080\n    resources: {memory: 256MB, cpu: lots}'),
    ['CPU_INVALID 19:37 → 250m', 'MEMORY_INVALID 19:25 → 256MiB'],
  ],
  ['half an instance', changed('min: 3', 'min: 0.5'), ['VALUE_INVALID 19:21']],
  ['no instance', changed('min: 3', 'min: 0'), ['VALUE_OUT_OF_RANGE 19:21 → 1']],
  [
    'an observer without image on Google Cloud',
    observing('{}'),
    ['OBSERVER_IMAGE_MISSING 13:5 → image: europe-docker.pkg.dev/my-project/my-app/ha-observer@sha256:…'],
  ],
  [
    'an observer by tag on Google Cloud',
    observing('{image: eu.example/o:1.0.0}'),
    ['IMAGE_WITHOUT_DIGEST 13:23 → eu.example/o@sha256:…'],
  ],
  [
    'an observer whose image is none',
    observing('{image: "Not An Image"}'),
    ['IMAGE_INVALID 13:23 → europe-docker.pkg.dev/my-project/my-app/ha-observer@sha256:…'],
  ],
  [
    'a canary that is no request',
    observing(`{image: eu.example/o@${SHA}, canary: {read: /readyz}}`),
    ['VALUE_INVALID 13:124 → GET /readyz'],
  ],
  ['an unknown setting of the observer', observing(`{imge: eu.example/o@${SHA}}`), ['KEY_UNKNOWN 13:16 → image']],
  [
    'an observer without a database',
    changed(/database:\n( .*\n)+/, `observer: {image: eu.example/o@${SHA}}\n`),
    ['OBSERVER_WITHOUT_DATABASE 27:1'],
  ],
  ['a service called as the observer', changed('  booking-sync:', '  ha-observer:'), ['NAME_RESERVED 22:3']],
]

test.each(CASES)('%s is a problem at its exact place', (_, text, expected) => {
  expect(briefly(text).sort()).toEqual(expected)
})

test('the examples the cases begin with are right', () => {
  expect([EXAMPLE, CRITICAL, DEV].map((text) => problemsOf(text))).toEqual([[], [], []])
})

test('what is fine on this machine or with the dev preset is let be', () => {
  const cloudOnly = changed(/ {2}production:\n( {4}.*\n)+/, '')
  expect(briefly(cloudOnly.replace('min: 3,', 'min: 1,').replace(':1.4.2', ':latest'))).toEqual([])
  expect(briefly(DEV.replace('min: 3,', 'min: 1,'))).toEqual([])
  expect(briefly(changed('gs://pms-rent-ha', 'file:///var/ha'))).toEqual([])
})

test('a problem inside an override is shown there, and says whose it is', () => {
  const text = changed('    alerts:', '    services: {api: {replicas: {min: 40}}}\n    alerts:')
  const [problem] = problemsOf(text)
  expect(problem).toMatchObject({code: 'REPLICAS_MIN_OVER_MAX', line: 12, column: 38})
  expect(problem?.message).toContain('in production')
})

test('what is misshapen is told even where every environment overrides it', () => {
  const text = changed('edge:', 'database: 1\nedge:')
    .replace(/database:\n( .*\n)+/, '')
    .replace('{target: local}', '{target: local, database: null}')
  expect(briefly(text)).toEqual(['VALUE_INVALID 29:11'])
})

test('a problem that every environment has is told once', () => {
  expect(problemsOf(changed('port: 8080', 'port: 80'))).toHaveLength(1)
})

test('an unknown environment names the one that was meant', () => {
  expect(briefly(EXAMPLE, 'prod')).toEqual(['ENVIRONMENT_UNKNOWN 5:1 → production'])
})

test('all problems are told at once, the misshapen and the impossible together', () => {
  const text = changed('rpo: 5s', 'rpo: 0s').replace('drain: 20s', 'drain: 20').replace('[bookings]', '[nothing]')
  expect(problemsOf(text).map(({code}) => code)).toEqual(['RPO_TOO_STRICT', 'DURATION_INVALID', 'QUEUE_UNDEFINED'])
})

test('a rule says nothing of what it cannot know', () => {
  expect(briefly(changed('max: 30', 'max: many'))).toEqual(['VALUE_INVALID 19:29'])
  expect(briefly(changed('type: http', 'type: htp'))).toEqual(['VALUE_NOT_ALLOWED 15:11 → http'])
})

test('a problem carries its line, without control characters', () => {
  const [problem] = problemsOf(changed('port: 8080', 'port: "\\e" #\u001b[31m'))
  expect(problem).toMatchObject({file: 'ha.yaml', line: 18, excerpt: '    port: "\\e" #[31m'})
})

test('every code has a case', () => {
  const elsewhere = ['FILE_', 'YAML_', 'ALIAS_', 'MERGE_', 'KEY_DUPLICATE', 'KEY_NOT_TEXT', 'ENVIRONMENT_UNKNOWN']
  const shown = CASES.flatMap(([, , expected]) => expected.map((line) => line.split(' ')[0]))
  const missing = Object.keys(PROBLEM_CODES).filter(
    (code) => !shown.includes(code) && !elsewhere.some((e) => code.startsWith(e)),
  )
  expect(missing).toEqual([])
})

test.each<[string, string, string, object | undefined]>([
  ['runs on this machine without being asked for', EXAMPLE, 'local', {image: 'ha-observer:local', canary: {}}],
  ['does not run on Google Cloud before it has an image', EXAMPLE, 'production', undefined],
  [
    'runs on Google Cloud once it has one',
    observing(`{image: eu.example/o@${SHA}, canary: {write: 'POST /c {"id":"{id}"}'}}`),
    'production',
    {image: `eu.example/o@${SHA}`, canary: {write: 'POST /c {"id":"{id}"}'}},
  ],
  ['can be switched off', observing(`{image: eu.example/o@${SHA}, enabled: false}`), 'production', undefined],
  ['can be switched off on this machine', `${EXAMPLE}observer: {enabled: false}\n`, 'local', undefined],
  ['observes nothing where there is no database', changed(/database:\n( .*\n)+/, ''), 'local', undefined],
])('the observer %s', (_, text, environment, expected) => {
  const parsed = parse(text, environment)
  expect('config' in parsed && parsed.config.observer).toEqual(expected)
})

test('windows in which operations are blocked become minutes and days', () => {
  const text = `${EXAMPLE}operations:
  blocked:
    - {days: [fri, sat], hours: 18:00-06:30, zone: Europe/Zurich, reason: nobody at work}
    - {from: 2026-12-20, to: 2027-01-03, reason: Christmas}
`
  const parsed = parse(text)
  expect('config' in parsed && parsed.config.operations.blocked).toEqual([
    {days: ['fri', 'sat'], hours: {from: 1080, to: 390}, zone: 'Europe/Zurich', reason: 'nobody at work'},
    {days: [], dates: {from: '2026-12-20', to: '2027-01-03'}, zone: 'UTC', reason: 'Christmas'},
  ])
})

test('a right file parses into whole values', () => {
  const parsed = parse(EXAMPLE, 'production')
  expect(parsed).toMatchSnapshot()
})
