/** What a gate is told through its environment. */
import type {Address} from './upstream.ts'

export interface Settings {
  readonly listen: Address
  readonly to: Address
  readonly base: string
  readonly bucket: string
  readonly object: string
  /** Where the kubelet asks whether it is there; absent: nowhere. */
  readonly health?: Address
  /** Whether Cloud Storage wants a token. */
  readonly signed: boolean
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * HA_GATE_OBJECT (`bucket/object`) is needed; HA_GATE_LISTEN (127.0.0.1:5432), HA_GATE_UPSTREAM (127.0.0.1:5431), HA_GATE_HEALTH
 * (nowhere) and STORAGE_EMULATOR_HOST, which Google's own clients honour too, are not. Throws an Error that names the variable.
 */
export function parseSettings(env: Env): Settings {
  const [, bucket, object] = /^([^/]+)\/(.+)$/.exec(env.HA_GATE_OBJECT ?? '') ?? []
  if (!bucket || !object) throw new Error(`HA_GATE_OBJECT takes bucket/object, not "${env.HA_GATE_OBJECT ?? ''}".`)
  const emulator = env.STORAGE_EMULATOR_HOST
  return {
    listen: parseAddress(env.HA_GATE_LISTEN ?? '127.0.0.1:5432', 'HA_GATE_LISTEN'),
    to: parseAddress(env.HA_GATE_UPSTREAM ?? '127.0.0.1:5431', 'HA_GATE_UPSTREAM'),
    ...(env.HA_GATE_HEALTH && {health: parseAddress(env.HA_GATE_HEALTH, 'HA_GATE_HEALTH')}),
    base: emulator ? emulator.replace(/\/$/, '') : 'https://storage.googleapis.com',
    bucket,
    object,
    signed: !emulator,
  }
}

function parseAddress(text: string, name: string): Address {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (!host || Number(port) > 65_535) throw new Error(`${name} takes host:port, not "${text}".`)
  return {host, port: Number(port)}
}
