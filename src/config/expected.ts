/** What each kind of leaf in ha.yaml expects: the code of the problem when it is something else, and what to write. */
import type {ProblemCode} from './problems.ts'

interface Expected {
  readonly code: ProblemCode
  readonly what: string
  readonly instead?: string
}

export const EXPECTED = {
  duration: {code: 'DURATION_INVALID', what: 'a duration in s, m, h or d', instead: '30s'},
  date: {code: 'DATE_INVALID', what: 'a day as YYYY-MM-DD', instead: '2026-12-20'},
  hours: {code: 'HOURS_INVALID', what: 'hours of a day as HH:MM-HH:MM', instead: '18:00-24:00'},
  size: {code: 'SIZE_INVALID', what: 'a size in GiB or TiB', instead: '100GiB'},
  memory: {code: 'MEMORY_INVALID', what: 'an amount of memory in MiB or GiB', instead: '256MiB'},
  cpu: {code: 'CPU_INVALID', what: 'CPU in thousandths of a core or in cores', instead: '250m'},
  percent: {code: 'PERCENT_INVALID', what: 'a percentage', instead: '99.95%'},
  rate: {code: 'RATE_INVALID', what: 'a rate per s, min or h', instead: '600/min'},
  count: {code: 'VALUE_OUT_OF_RANGE', what: 'a whole number'},
  port: {
    code: 'PORT_OUT_OF_RANGE',
    what: 'a port from 1024 to 65535, as below 1024 only root may listen',
    instead: '8080',
  },
  path: {
    code: 'PATH_INVALID',
    what: 'a URL path that begins with / and holds no ?, #, * or final /',
    instead: '/readyz',
  },
  canary: {code: 'VALUE_INVALID', what: 'a request: METHOD /path BODY', instead: 'GET /readyz'},
  query: {code: 'VALUE_INVALID', what: 'one SELECT, without a semicolon', instead: 'SELECT 0'},
  name: {
    code: 'NAME_INVALID',
    what: 'a name of at most 40 lower-case letters, digits and hyphens that begins with a letter',
  },
  app: {
    code: 'NAME_INVALID',
    what: 'a name of 3 to 20 lower-case letters, digits and hyphens that begins with a letter',
  },
  image: {
    code: 'IMAGE_INVALID',
    what: 'a container image',
    instead: 'europe-docker.pkg.dev/my-project/my-app/api:1.0.0',
  },
  project: {
    code: 'PROJECT_INVALID',
    what: 'a project id: 6 to 30 lower-case letters, digits and hyphens that begin with a letter',
  },
  state: {code: 'STATE_INVALID', what: 'a bucket, or a folder as file:// URL', instead: 'gs://my-bucket'},
  domain: {
    code: 'DOMAIN_INVALID',
    what: 'a domain name in lower case, without protocol or path',
    instead: 'api.example.com',
  },
  email: {code: 'EMAIL_INVALID', what: 'an e-mail address', instead: 'oncall@example.com'},
  line: {code: 'VALUE_INVALID', what: 'some text'},
  text: {code: 'VALUE_INVALID', what: 'text; put numbers and true or false in quotes'},
  flag: {code: 'VALUE_INVALID', what: 'true or false'},
  list: {code: 'VALUE_INVALID', what: 'a list'},
  map: {code: 'VALUE_INVALID', what: 'a map'},
  choice: {code: 'VALUE_NOT_ALLOWED', what: 'one of the choices'},
} as const satisfies Record<string, Expected>

export type Expectation = keyof typeof EXPECTED

export const expectationOf = (message: string): Expected | undefined =>
  Object.hasOwn(EXPECTED, message) ? EXPECTED[message as Expectation] : undefined
