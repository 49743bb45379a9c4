/**
 * The certificate of the HTTPS listener, self-signed and made at run time: no program is started for it, the few ASN.1
 * structures (RFC 5280) are written here. Clients have to be told to trust it.
 */
import {createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign} from 'node:crypto'
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {dirname} from 'node:path'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

const YEAR = 365 * 24 * 3600 * 1000

/** The certificate kept at `file`, else a new one, kept there. */
export function certificateAt(file: string, now: number): Certificate {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Certificate & {until: number}
    if (kept.until > now) return kept
  } catch {
    // None yet, or one that was never finished.
  }
  const made = selfSigned(now, now + YEAR)
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(`${file}.new`, JSON.stringify({...made, until: now + YEAR}), {mode: 0o600})
  renameSync(`${file}.new`, file)
  return made
}

/** P-256, for `localhost`, `*.localhost` and the loopback addresses. Times in milliseconds since the Unix epoch. */
export function selfSigned(from: number, until: number): Certificate {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
    publicKeyEncoding: {type: 'spki', format: 'der'},
  })
  const algorithm = sequence(oid('2a8648ce3d040302'))
  const name = sequence(set(sequence(oid('550403'), tag(0x0c, Buffer.from('emulated load balancer')))))
  const serial = randomBytes(16)
  serial[0] = (serial[0]! & 0x7f) | 0x01
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, serial),
    algorithm,
    name,
    sequence(date(from - 60_000), date(until)),
    name,
    pair.publicKey,
    tag(
      0xa3,
      sequence(extension('551d11', alternativeNames()), extension('551d13', sequence(tag(0x01, Buffer.from([0xff]))))),
    ),
  )
  const signature = sign('sha256', body, createPrivateKey(pair.privateKey))
  const der = sequence(body, algorithm, tag(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  createPublicKey(cert)
  return {key: pair.privateKey, cert}
}

const alternativeNames = () =>
  sequence(
    tag(0x82, Buffer.from('localhost')),
    tag(0x82, Buffer.from('*.localhost')),
    tag(0x87, Buffer.from([127, 0, 0, 1])),
    tag(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
  )

const extension = (id: string, value: Buffer) => sequence(oid(id), tag(0x04, value))

const sequence = (...parts: Buffer[]) => tag(0x30, Buffer.concat(parts))

const set = (...parts: Buffer[]) => tag(0x31, Buffer.concat(parts))

const oid = (hex: string) => tag(0x06, Buffer.from(hex, 'hex'))

const date = (at: number) => tag(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))

function tag(type: number, content: Buffer): Buffer {
  const {length} = content
  if (length < 0x80) return Buffer.concat([Buffer.from([type, length]), content])
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([type, ...size]), content])
}
