/** What a gate is told through its environment. */
import {type Address, parseAddress, parseBase, partsOf, type Variables} from '../lean/variables.ts'

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

/**
 * HA_GATE_OBJECT (`bucket/object`) is needed; HA_GATE_LISTEN (127.0.0.1:5432), HA_GATE_UPSTREAM (127.0.0.1:5431), HA_GATE_HEALTH
 * (nowhere) and STORAGE_EMULATOR_HOST, which Google's own clients honour too, are not. Throws an Error that names the variable.
 */
export function parseSettings(env: Variables): Settings {
  const [bucket, object] = partsOf('HA_GATE_OBJECT', env.HA_GATE_OBJECT ?? '', 'bucket/object', /^([^/]+)\/(.+)$/)
  const emulator = env.STORAGE_EMULATOR_HOST
  return {
    listen: parseAddress('HA_GATE_LISTEN', env.HA_GATE_LISTEN ?? '127.0.0.1:5432'),
    to: parseAddress('HA_GATE_UPSTREAM', env.HA_GATE_UPSTREAM ?? '127.0.0.1:5431'),
    ...(env.HA_GATE_HEALTH && {health: parseAddress('HA_GATE_HEALTH', env.HA_GATE_HEALTH)}),
    base: emulator ? parseBase(emulator) : 'https://storage.googleapis.com',
    bucket: bucket!,
    object: object!,
    signed: !emulator,
  }
}
