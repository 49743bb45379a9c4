/**
 * A connection to Pub/Sub over gRPC. Google's own client does the same and much more, at 20 MB more per process; where that
 * does not matter, put it behind the two functions of pubsub.js instead.
 */
import {fileURLToPath} from 'node:url'
import grpc from '@grpc/grpc-js'
import {loadSync} from '@grpc/proto-loader'

const PROTO = fileURLToPath(new URL('pubsub.proto', import.meta.url))
const ENDPOINT = 'pubsub.googleapis.com:443'
const TOKEN_URL = 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token'

/**
 * Clients of the two services. With `emulatorHost` in plain text and without credentials, as Google's emulator has it;
 * otherwise as the service account the pod runs as.
 * @param {{emulatorHost?: string, tokenUrl?: string}} options
 */
export function connect({emulatorHost, tokenUrl = TOKEN_URL}) {
  const {Publisher, Subscriber} = grpc.loadPackageDefinition(
    loadSync(PROTO, {longs: String, defaults: true, arrays: true, objects: true}),
  ).google.pubsub.v1
  const credentials = emulatorHost
    ? grpc.credentials.createInsecure()
    : grpc.credentials.combineChannelCredentials(grpc.credentials.createSsl(), podCredentials(tokenUrl))
  const options = {
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_reconnect_backoff_ms': 2000,
  }
  const at = emulatorHost ?? ENDPOINT
  return {publisher: new Publisher(at, credentials, options), subscriber: new Subscriber(at, credentials, options)}
}

/** Access tokens of the pod's service account, kept until a minute before they end. */
function podCredentials(tokenUrl) {
  let token = {value: '', until: 0}
  const refresh = async () => {
    const response = await fetch(tokenUrl, {headers: {'metadata-flavor': 'Google'}, signal: AbortSignal.timeout(5000)})
    if (!response.ok) throw new Error(`The metadata server answered ${response.status}.`)
    const {access_token: value, expires_in: seconds} = await response.json()
    token = {value, until: Date.now() + (seconds - 60) * 1000}
  }
  return grpc.credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new grpc.Metadata()
    const ready = token.until > Date.now() ? Promise.resolve() : refresh()
    ready.then(
      () => {
        metadata.set('authorization', `Bearer ${token.value}`)
        done(null, metadata)
      },
      (error) => done(error),
    )
  })
}

/** A unary call as a promise, with a deadline. */
export const call = (client, method, request, milliseconds = 5000) =>
  new Promise((resolve, reject) => {
    const deadline = new Date(Date.now() + milliseconds)
    client[method](request, {deadline}, (error, response) => (error ? reject(error) : resolve(response)))
  })
