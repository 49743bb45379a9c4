/** How this process reaches Google: credentials found once, nothing asked of the network before it is needed. */
import {homedir} from 'node:os'
import {firmwareProduct, identityOf, requireCredentials} from '../cloud/credentials.ts'
import {googleWires, type Wires} from '../cloud/wires.ts'
import type {Config} from '../config/config.ts'
import type {Access} from '../store/bucket.ts'

type Env = Readonly<Record<string, string | undefined>>

/** @throws HaError CREDENTIALS_MISSING at once when there are none. */
export function googleOf({project}: Pick<Config, 'project'>, env: Env): Wires {
  const credentials = requireCredentials({env, home: env.HOME ?? homedir(), product: firmwareProduct})
  return googleWires(identityOf(credentials, project))
}

/**
 * STORAGE_EMULATOR_HOST is what Google's own clients, the engine's among them, take for a stand-in of Cloud Storage.
 * @throws HaError CREDENTIALS_MISSING
 */
export function storageOf(config: Pick<Config, 'project'>, env: Env): Wires {
  const standIn = env.STORAGE_EMULATOR_HOST
  if (!standIn) return googleOf(config, env)
  const base = /^https?:\/\//.test(standIn) ? standIn.replace(/\/+$/, '') : `http://${standIn}`
  return {base: () => base}
}

export const accessOf = (wires: Wires): Access => ({
  base: wires.base('storage'),
  ...(wires.token && {token: wires.token}),
})
