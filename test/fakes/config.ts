import type {Config, QueueConfig, ServiceConfig} from '../../src/config/config.ts'

const service = (over: Partial<ServiceConfig> & Pick<ServiceConfig, 'name'>): ServiceConfig => ({
  type: 'worker',
  image: 'example.test/app:1.0.0',
  paths: [],
  replicas: {min: 2, max: 20, backlog: 100},
  consumes: [],
  env: {},
  resources: {cpuMillis: 250, memoryMiB: 256},
  graceSeconds: 30,
  ...over,
})

const queue = (name: string): QueueConfig => ({
  name,
  ackSeconds: 60,
  attempts: 10,
  retentionSeconds: 604_800,
  ordered: false,
  retry: {minSeconds: 10, maxSeconds: 600},
})

/** A config as parse would return it: an API, a worker, a database, a queue and a secret, in two regions. */
export const exampleConfig = (over: Partial<Config> = {}): Config => ({
  app: 'stay',
  environment: 'test',
  target: 'gcp',
  preset: 'standard',
  project: 'stay-test',
  domain: 'api.stay.example',
  alerts: ['oncall@stay.example'],
  regions: ['us-east1', 'europe-west1'],
  objectives: {availability: 0.9995, rtoSeconds: 60, rpoSeconds: 5},
  services: [
    service({
      name: 'api',
      type: 'http',
      port: 8080,
      paths: ['/'],
      replicas: {min: 3, max: 30, cpuPercent: 60},
      health: {ready: '/readyz', live: '/healthz', drainSeconds: 20},
    }),
    service({name: 'sync', consumes: ['bookings']}),
  ],
  database: {
    version: 16,
    size: 'large',
    storageGiB: 100,
    recoverySeconds: 604_800,
    migrate: {service: 'api', command: 'node dist/migrate.js'},
  },
  queues: [queue('bookings')],
  edge: {rateLimitPerMinute: 600, waf: true},
  secrets: ['STRIPE_KEY'],
  operations: {blocked: []},
  metrics: {image: 'example.test/adapter:1'},
  ...over,
})

export {service as exampleService}
