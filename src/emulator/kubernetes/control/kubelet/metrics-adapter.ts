/**
 * What runs for Google's Custom Metrics Adapter: something that listens and is healthy. The figures come from Pub/Sub itself
 * (control/autoscaling/metrics.ts). https://github.com/GoogleCloudPlatform/k8s-stackdriver/tree/master/custom-metrics-stackdriver-adapter
 */
import {createServer} from 'node:https'
import {selfSigned} from '../../../compute/plane/certificate.ts'
import type {StartStandIn} from './runtime.ts'

const DAY_MS = 86_400_000
const FLAG = /^--secure-port=(\d+)$/
/** Of the real one, when no flag says another. */
const DEFAULT_PORT = '443'

export const startMetricsAdapter: StartStandIn = async ({args, portOf, log}) => {
  const port = Number(args.map((arg) => FLAG.exec(arg)?.[1]).find((found) => found) ?? DEFAULT_PORT)
  const now = Date.now()
  const server = createServer(selfSigned(now, now + 365 * DAY_MS), ({url}, response) =>
    response.writeHead(url === '/healthz' ? 200 : 404).end(),
  )
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen({port: portOf(port), host: '127.0.0.1'}, done)
  })
  log(`Serving securely on [::]:${port}`)
  return {
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
