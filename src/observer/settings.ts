/** What an observer is told through its environment. */

export interface Canary {
  readonly method: string
  readonly path: string
  /** `{id}` in path and body becomes a text that no other canary has. */
  readonly body?: string
}

export interface Settings {
  readonly region: string
  readonly host: string
  readonly port: number
  readonly primaryUrl: string
  readonly replicaUrl: string
  /** Region → a URL that answers when the region does. */
  readonly peers: readonly {readonly region: string; readonly url: string}[]
  /** Base URL. Absent: no canaries. */
  readonly frontDoor?: string
  readonly canaries: {readonly read?: Canary; readonly write?: Canary}
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * HA_REGION and DATABASE_URL are needed; DATABASE_REPLICA_URL (default: DATABASE_URL), PORT (8080), HOST (0.0.0.0), PEERS
 * (`region=url,region=url`), FRONT_DOOR, CANARY_READ (`GET /path`, default `GET /readyz`) and CANARY_WRITE (`POST /path BODY`) are
 * not. Throws an Error that names the variable.
 */
export function parseSettings(env: Env): Settings {
  const need = (name: string) => {
    const value = env[name]
    if (!value) throw new Error(`The environment variable ${name} is missing.`)
    return value
  }
  const primaryUrl = need('DATABASE_URL')
  const read = parseCanary(env.CANARY_READ ?? 'GET /readyz', 'CANARY_READ')
  return {
    region: need('HA_REGION'),
    host: env.HOST ?? '0.0.0.0',
    port: parsePort(env.PORT ?? '8080'),
    primaryUrl,
    replicaUrl: env.DATABASE_REPLICA_URL || primaryUrl,
    peers: (env.PEERS ?? '').split(',').filter(Boolean).map(parsePeer),
    ...(env.FRONT_DOOR && {frontDoor: env.FRONT_DOOR.replace(/\/$/, '')}),
    canaries: {
      read,
      ...(env.CANARY_WRITE && {write: parseCanary(env.CANARY_WRITE, 'CANARY_WRITE')}),
    },
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT is not a port: ${text}`)
  return port
}

function parsePeer(text: string): {region: string; url: string} {
  const [, region, url] = /^([a-z0-9-]+)=(https?:\/\/.+)$/.exec(text.trim()) ?? []
  if (!region || !url) throw new Error(`PEERS takes region=url pairs, not "${text}".`)
  return {region, url}
}

function parseCanary(text: string, name: string): Canary {
  const [, method, path, body] = /^([A-Z]+) (\/\S*)(?: (.+))?$/s.exec(text) ?? []
  if (!method || !path) throw new Error(`${name} takes "METHOD /path BODY", not "${text}".`)
  return {method, path, ...(body !== undefined && {body})}
}
