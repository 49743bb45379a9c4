/** What secrets in the state are encrypted with: a passphrase, or a key of Google's. */
import {createCipheriv, createDecipheriv, pbkdf2, randomBytes} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {absent, createFile} from '../store/durable.ts'

export type Seal =
  | {readonly kind: 'passphrase'; readonly passphrase: string; readonly salt: string}
  /** `gcpkms://…` and a data key of this environment, encrypted with it, base64. */
  | {readonly kind: 'kms'; readonly url: string; readonly encryptedKey: string}

/** Made once per environment, for one machine alone. */
export async function localSeal(dir: string): Promise<Seal> {
  const passphrase = await once(join(dir, 'passphrase'), async () => randomBytes(24).toString('base64url'))
  return {kind: 'passphrase', passphrase, salt: await once(join(dir, 'salt'), () => saltFor(passphrase))}
}

/** As a stack's settings file states it. */
export const sealLines = (seal: Seal): readonly string[] =>
  seal.kind === 'kms'
    ? [`secretsprovider: ${seal.url}`, `encryptedkey: ${seal.encryptedKey}`]
    : [`encryptionsalt: ${seal.salt}`]

/**
 * The text that lets the engine check a passphrase: "pulumi" under AES-256-GCM, the key from PBKDF2-SHA256 with 1,000,000
 * rounds (pkg/v3/secrets/passphrase/manager.go, sdk/v3/go/common/resource/config/crypt.go). Made here once per environment;
 * the engine would make another for every stack, in a process of its own.
 */
export async function saltFor(passphrase: string): Promise<string> {
  const [salt, nonce] = [randomBytes(8), randomBytes(12)]
  const key = await promisify(pbkdf2)(passphrase, salt, 1_000_000, 32, 'sha256')
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update('pulumi', 'utf8'), cipher.final(), cipher.getAuthTag()])
  return ['v1', salt.toString('base64'), 'v1', nonce.toString('base64'), sealed.toString('base64')].join(':')
}

/** Whether this is the passphrase that `salt` was made with. */
export async function opens(passphrase: string, salt: string): Promise<boolean> {
  const [, salted, , nonce, sealed] = salt.split(':').map((part) => Buffer.from(part, 'base64'))
  if (!salted || !nonce || !sealed) return false
  const key = await promisify(pbkdf2)(passphrase, salted, 1_000_000, 32, 'sha256')
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString() === 'pulumi'
  } catch {
    return false
  }
}

/** The file's text; made by the first who asks, also when two ask at once. */
async function once(path: string, make: () => Promise<string>): Promise<string> {
  const there = await readFile(path, 'utf8').catch(absent)
  if (there) return there.trim()
  await createFile(path, `${await make()}\n`)
  return (await readFile(path, 'utf8')).trim()
}
