/** What an observer is told through its environment. */
import {parseBase, parsePort, partsOf, type Variables} from '../lean/variables.ts'

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

/**
 * HA_REGION and DATABASE_URL are needed; DATABASE_REPLICA_URL (default: DATABASE_URL), PORT (8080), HOST (0.0.0.0), PEERS
 * (`region=url,region=url`), FRONT_DOOR, CANARY_READ (`GET /path`, default `GET /readyz`) and CANARY_WRITE (`POST /path BODY`) are
 * not. Throws an Error that names the variable.
 */
export function parseSettings(env: Variables): Settings {
  const need = (name: string) => {
    const value = env[name]
    if (!value) throw new Error(`The environment variable ${name} is missing.`)
    return value
  }
  const primaryUrl = need('DATABASE_URL')
  const read = parseCanary('CANARY_READ', env.CANARY_READ ?? 'GET /readyz')
  return {
    region: need('HA_REGION'),
    host: env.HOST ?? '0.0.0.0',
    port: parsePort('PORT', env.PORT ?? '8080'),
    primaryUrl,
    replicaUrl: env.DATABASE_REPLICA_URL || primaryUrl,
    peers: (env.PEERS ?? '').split(',').filter(Boolean).map(parsePeer),
    ...(env.FRONT_DOOR && {frontDoor: parseBase(env.FRONT_DOOR)}),
    canaries: {
      read,
      ...(env.CANARY_WRITE && {write: parseCanary('CANARY_WRITE', env.CANARY_WRITE)}),
    },
  }
}

function parsePeer(text: string): {region: string; url: string} {
  const [region, url] = partsOf('PEERS', text.trim(), 'region=url pairs', /^([a-z0-9-]+)=(https?:\/\/.+)$/)
  return {region: region!, url: url!}
}

function parseCanary(name: string, text: string): Canary {
  const [method, path, body] = partsOf(name, text, '"METHOD /path BODY"', /^([A-Z]+) (\/\S*)(?: (.+))?$/s)
  return {method: method!, path: path!, ...(body !== undefined && {body})}
}
