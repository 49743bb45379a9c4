/**
 * The shape of ha.yaml, version 1, as zod. The JSON Schema is made from it, and every leaf names what it expects (expected.ts),
 * so that zod's issues need no wording of their own. zod/mini: the same schemas at half the loading time once bundled.
 */
import * as z from 'zod/mini'
import {choice, DOCS, duration, flag, line, list, map, says, text, whole} from './leaves.ts'
import {metrics, observer} from './own-parts.ts'
import {DATE, HOURS, MEMORY, MILLICPU, PERCENT, QUERY, RATE, SIZE} from './units.ts'

export const NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/
const name = () => z.string().check(z.regex(NAME, {error: 'name'}), z.maxLength(40, {error: 'name'}))

const replicas = map({
  min: z.optional(whole('count', 1, 1000)).register(DOCS, says('Instances per region at rest.')),
  max: z
    .optional(whole('count', 1, 1000))
    .register(DOCS, says('Instances per region under load; one region must be able to carry all.')),
  cpu: z
    .optional(text('percent', PERCENT))
    .register(DOCS, says('Average CPU to aim at, of what is requested (http).', ['60%'])),
  backlog: z
    .optional(whole('count', 1, 1_000_000))
    .register(DOCS, says('Undelivered messages per instance to aim at (worker).', [100])),
})

const health = map({
  ready: z
    .optional(text('path', /^\/[^\s?#]*$/))
    .register(DOCS, says('Path that answers 200 while the instance takes requests. It must not ask the database.')),
  live: z
    .optional(text('path', /^\/[^\s?#]*$/))
    .register(DOCS, says('Path that answers 200 while the process is sound. It must not ask anything else.')),
  drain: z
    .optional(duration())
    .register(DOCS, says('How long an instance keeps serving after it left the rotation.', ['20s'])),
})

const service = map({
  type: choice('http', 'worker').register(
    DOCS,
    says('http: answers requests on its port. worker: takes messages from its queues.'),
  ),
  image: z
    .string({error: 'image'})
    .register(DOCS, says('Container image with tag or digest.', ['europe-docker.pkg.dev/p/app/api:1.4.2'])),
  command: z
    .optional(list(line()))
    .register(DOCS, says("What the container runs, when not the image's own entry point.", [['node', 'api.js']])),
  local: z
    .optional(
      map({
        command: line().register(
          DOCS,
          says('Command line that stands for the image on the local target.', ['node src/api.js']),
        ),
        cwd: z
          .optional(line())
          .register(DOCS, says("Folder to run it in, relative to ha.yaml; ha.yaml's own by default.")),
      }),
    )
    .register(DOCS, says('What stands for the image on the local target, where no images run.')),
  port: z
    .optional(whole('port', 1024, 65_535))
    .register(DOCS, says('Container port; given to the process as PORT.', [8080])),
  paths: z
    .optional(list(text('path', /^\/([^\s?#*]*[^\s?#*/])?$/)))
    .register(DOCS, says('URL prefixes routed to this service; one service has /.', [['/', '/admin']])),
  replicas: z.optional(replicas).register(DOCS, says('How many instances run in each region.')),
  health: z.optional(health).register(DOCS, says('How the load balancer and Kubernetes ask after an instance.')),
  consumes: z
    .optional(list(z.string({error: 'line'})))
    .register(DOCS, says('Queues this service takes messages from.')),
  env: z
    .optional(z.record(z.string(), z.string({error: 'text'}), {error: 'map'}))
    .register(DOCS, says('Plain variables for the process; not for secrets.')),
  resources: z
    .optional(
      map({
        cpu: z
          .optional(z.union([text('cpu', MILLICPU), z.number().check(z.gte(0.01), z.lte(64))], {error: 'cpu'}))
          .register(DOCS, says('CPU each instance may count on.', ['250m', 0.25])),
        memory: z.optional(text('memory', MEMORY)).register(DOCS, says('Memory each instance may use.', ['256MiB'])),
      }),
    )
    .register(DOCS, says('What each instance asks of a node.')),
  grace: z
    .optional(duration())
    .register(DOCS, says('Time between SIGTERM and SIGKILL; at least the drain and 10s.', ['60s'])),
})

const database = map({
  engine: choice('postgres-14', 'postgres-15', 'postgres-16', 'postgres-17', 'postgres-18').register(
    DOCS,
    says('PostgreSQL and its major version.'),
  ),
  size: z.optional(choice('small', 'medium', 'large')).register(DOCS, says('small: 2 CPUs, medium: 4, large: 8.')),
  storage: z.optional(text('size', SIZE)).register(DOCS, says('Disk to begin with; it grows by itself.', ['100GiB'])),
  recovery: z
    .optional(
      map({
        window: z.optional(duration()).register(DOCS, says('How far back the database can be restored to.', ['7d'])),
      }),
    )
    .register(DOCS, says('Point-in-time recovery.')),
  migrate: z
    .optional(
      map({
        service: z.string({error: 'line'}).register(DOCS, says('Service whose image runs the migration.')),
        command: line().register(
          DOCS,
          says('Command that brings the schema up to date; run once per release, before any instance.'),
        ),
      }),
    )
    .register(DOCS, says('Migration, run once per release.')),
})

const queue = map({
  ack: z
    .optional(duration())
    .register(DOCS, says('Time a worker has for one message before it is delivered again.', ['60s'])),
  attempts: z
    .optional(z.int({error: 'count'}))
    .register(DOCS, says('Deliveries before a message goes to the dead letters.', [10])),
  retention: z.optional(duration()).register(DOCS, says('How long messages are kept.', ['7d'])),
  ordered: z.optional(flag()).register(DOCS, says('Deliver messages of one ordering key in order.')),
  retry: z
    .optional(
      map({
        min: z.optional(duration()).register(DOCS, says('Shortest wait before a message is delivered again.', ['10s'])),
        max: z.optional(duration()).register(DOCS, says('Longest wait before a message is delivered again.', ['600s'])),
      }),
    )
    .register(DOCS, says('Back-off between deliveries.')),
})

/** Together: while all that it names is so. */
const blocked = map({
  days: z
    .optional(list(choice('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')))
    .register(DOCS, says('Days of the week; every day by default.', [['sat', 'sun']])),
  hours: z
    .optional(text('hours', HOURS))
    .register(DOCS, says('Hours of the day, past midnight where they end before they begin.', ['18:00-24:00'])),
  from: z.optional(text('date', DATE)).register(DOCS, says('First day of a freeze.', ['2026-12-20'])),
  to: z.optional(text('date', DATE)).register(DOCS, says('Last day of a freeze.', ['2027-01-03'])),
  zone: z.optional(line()).register(DOCS, says('Time zone of all these; UTC by default.', ['Europe/Zurich'])),
  reason: line().register(DOCS, says('Why, for whoever is refused.', ['nobody at work'])),
})

/** Everything an environment may override. */
export const settings = {
  preset: z
    .optional(choice('dev', 'standard', 'critical'))
    .register(DOCS, says('Sizes and promises to start from; standard by default.')),
  regions: list(z.string({error: 'line'})).register(
    DOCS,
    says(
      'Google Cloud regions. The first is where the primary database is born; later its place is a fact that failovers change.',
      [['us-east1', 'europe-west1']],
    ),
  ),
  objectives: z
    .optional(
      map({
        availability: z
          .optional(text('percent', PERCENT))
          .register(DOCS, says('Share of requests to be answered well.', ['99.95%'])),
        rto: z.optional(duration()).register(DOCS, says('How long the loss of a region may be felt.', ['60s'])),
        rpo: z
          .optional(duration())
          .register(DOCS, says('How much acknowledged data the sudden loss of a region may cost.', ['5s'])),
      }),
    )
    .register(DOCS, says('What is promised, and what drills measure.')),
  alerts: z
    .optional(list(text('email', /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/)))
    .register(DOCS, says('E-mail addresses told of trouble.')),
  services: z.record(name(), service, {error: 'map'}).register(DOCS, says('The processes of the app, by name.')),
  database: z
    .optional(database)
    .register(DOCS, says('PostgreSQL: a primary in one region, a replica in every other one.')),
  queues: z
    .optional(z.record(name(), queue, {error: 'map'}))
    .register(DOCS, says('Pub/Sub queues, by name, each with its dead letters.')),
  edge: z
    .optional(
      map({
        rateLimit: z
          .optional(text('rate', RATE))
          .register(DOCS, says('Requests allowed per client address.', ['600/min'])),
        waf: z.optional(flag()).register(DOCS, says('Google Cloud Armor in front.')),
        port: z
          .optional(whole('port', 1024, 65_535))
          .register(DOCS, says('Local target only: the port the load balancer listens on; a free one by default.')),
      }),
    )
    .register(DOCS, says('The global load balancer.')),
  secrets: z
    .optional(list(z.string({error: 'line'})))
    .register(DOCS, says('Names of secrets, given to every service as environment variables.', [['STRIPE_KEY']])),
  observer: z
    .optional(observer)
    .register(DOCS, says('The agent in every region: heartbeats, lag, canaries, what is seen of the other regions.')),
  operations: z
    .optional(
      map({
        blocked: z
          .optional(list(blocked))
          .register(DOCS, says('When planned operations are not begun, unless with --despite REASON.')),
        outbox: z
          .optional(text('query', QUERY))
          .register(
            DOCS,
            says(
              "For how many seconds the oldest unsent message of the app's outbox has waited; asked before an operation.",
              ['SELECT extract(epoch FROM now() - min(created_at)) FROM outbox WHERE sent_at IS NULL'],
            ),
          ),
      }),
    )
    .register(DOCS, says('Failovers, failbacks and drills.')),
  metrics: z
    .optional(metrics)
    .register(DOCS, says('What tells the autoscalers of a backlog, where a worker has one to go by.')),
}

/** What only an environment has. */
export const placement = {
  target: choice('local', 'gcp').register(DOCS, says('local: the emulator on this machine. gcp: Google Cloud.')),
  project: z
    .optional(text('project', /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/))
    .register(DOCS, says('Google Cloud project id.')),
  state: z
    .optional(text('state', /^(gs:\/\/[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](\/[^\s]*)?|file:\/\/[^\s]+)$/))
    .register(DOCS, says('Where state is kept; .ha/ beside ha.yaml by default.', ['gs://pms-rent-ha'])),
  domain: z
    .optional(text('domain', /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/))
    .register(DOCS, says('Name the platform is served under.', ['api.pms.rent'])),
}

/** What all environments share. */
export const identity = {
  version: z.literal(1).register(DOCS, says('Version of this format.')),
  app: text('app', /^[a-z]([a-z0-9-]{1,18})[a-z0-9]$/).register(
    DOCS,
    says('Name of the app: 3 to 20 lower-case letters, digits and hyphens.'),
  ),
}

/** One environment with its overrides applied. */
export const Settings = z.strictObject({app: identity.app, ...settings, ...placement})
export type Settings = z.infer<typeof Settings>
export type ServiceSettings = z.infer<typeof service>

/** Names of environments are parts of names in the cloud. */
export const ENVIRONMENT_NAME = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/
