/** The command line of Google's Auth Proxy: https://github.com/GoogleCloudPlatform/cloud-sql-proxy/blob/main/docs/cmd/cloud-sql-proxy.md */

export interface ProxyInstance {
  /** `project:region:instance`, or a domain name whose TXT record holds one. */
  readonly target: {readonly connectionName: string} | {readonly domain: string}
  readonly port: number
}

export interface ProxyArgs {
  readonly instances: readonly ProxyInstance[]
  readonly healthPort?: number
  readonly structuredLogs: boolean
  /** How long open sessions may go on after SIGTERM, in ms. */
  readonly maxSigtermDelayMs: number
}

const VALUE_FLAGS = new Set(
  `address admin-port config-file credentials-file http-address http-port impersonate-service-account json-credentials
  login-token max-connections max-sigterm-delay min-sigterm-delay port prometheus-namespace quota-project
  resource-exhausted-cooldown-delay sqladmin-api-endpoint telemetry-prefix telemetry-project telemetry-sample-rate
  token universe-domain user-agent`.split(/\s+/),
)
const SWITCHES = new Set(
  `auto-iam-authn auto-ip debug debug-logs disable-metrics disable-traces exit-zero-on-sigterm gcloud-auth health-check
  lazy-refresh private-ip prometheus psc quiet quitquitquit run-connection-test skip-failed-instance-config
  structured-logs`.split(/\s+/),
)
const SHORT: Readonly<Record<string, string>> = {
  a: 'address',
  c: 'credentials-file',
  g: 'gcloud-auth',
  i: 'auto-iam-authn',
  j: 'json-credentials',
  l: 'structured-logs',
  p: 'port',
  t: 'token',
}
const CONNECTION_NAME = /^[^:]+(:[^:]+)?:[^:]+:[^:]+$/
const DOMAIN = /^(?:[_a-z0-9](?:[_a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)?$/i
const POSTGRES_PORT = 5432

/** Throws as the proxy exits: unknown flag, no instance, a name that is neither. */
export function parseProxyArgs(args: readonly string[]): ProxyArgs {
  const flags = new Map<string, string>()
  const names: string[] = []
  for (let index = 0; index < args.length; index++) {
    const match = /^(?:--([^=]+)|-(\w))(?:=(.*))?$/s.exec(args[index]!)
    if (!match) {
      names.push(args[index]!)
      continue
    }
    const [, long, short, value] = match
    const name = long ?? SHORT[short!] ?? short!
    if (SWITCHES.has(name)) flags.set(name, value ?? 'true')
    else if (VALUE_FLAGS.has(name)) flags.set(name, value ?? args[++index] ?? missing(name))
    else throw new Error(`unknown flag: ${args[index]}`)
  }
  if (names.length === 0) throw new Error('missing instance uri (e.g., project:region:instance)')
  return {
    instances: numbered(names, Number(flags.get('port') ?? POSTGRES_PORT)),
    structuredLogs: flags.get('structured-logs') === 'true',
    maxSigtermDelayMs: parseDuration(flags.get('max-sigterm-delay') ?? '0s'),
    ...(flags.get('health-check') === 'true' ? {healthPort: Number(flags.get('http-port') ?? 9090)} : {}),
  }
}

function missing(name: string): never {
  throw new Error(`flag needs an argument: --${name}`)
}

/** Those that name no port are given the following ones. */
function numbered(names: readonly string[], first: number): ProxyInstance[] {
  let next = first
  return names.map((text) => {
    const [name, query] = text.split('?', 2) as [string, string?]
    const asked = new URLSearchParams(query).get('port')
    const port = asked === null ? next++ : Number(asked)
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new Error(`"port" query param is not a port: ${asked}`)
    return {target: parseTarget(name), port}
  })
}

function parseTarget(name: string): ProxyInstance['target'] {
  if (CONNECTION_NAME.test(name)) return {connectionName: name}
  if (DOMAIN.test(name)) return {domain: name}
  throw new Error(`invalid instance name: ${name}: use project:region:instance or a domain name`)
}

const UNITS: Readonly<Record<string, number>> = {ms: 1, s: 1_000, m: 60_000, h: 3_600_000}

/** Go's durations (`1m30s`) in ms. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.map(([part]) => part).join('') !== text) throw new Error(`invalid duration "${text}"`)
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0)
}
