/** The observer of every region, spelled out. */
import type {Config, ObserverConfig} from '../config/config.ts'
import * as names from './names.ts'
import type {ObserverTopology} from './topology.ts'

const NAME = 'ha-observer'
/** Beside the rows of fences and canaries: nothing of ha lies among the app's own tables. */
const DATABASE = 'postgres'

export function deriveObserver(config: Config, {image, canary}: ObserverConfig, prefix: string): ObserverTopology {
  const account = names.accountId(prefix, NAME)
  const user = `${account}@${config.project}.iam`
  const url = (port: number) => `postgresql://${encodeURIComponent(user)}@127.0.0.1:${port}/${DATABASE}`
  return {
    name: NAME,
    namespace: `${config.app}-observer`,
    image,
    account,
    user,
    ...frontDoorOf(config),
    canary: {
      read: canary.read ?? `GET ${readinessOf(config)}`,
      ...(canary.write !== undefined && {write: canary.write}),
    },
    env: {PORT: '8080', DATABASE_URL: url(5432), DATABASE_REPLICA_URL: url(5433)},
  }
}

function frontDoorOf({domain, target}: Config): Pick<ObserverTopology, 'frontDoor'> {
  if (domain === undefined) return {frontDoor: {addressOf: 'foundation'}}
  return target === 'gcp' ? {frontDoor: {url: `https://${domain}`}} : {}
}

/** Of the service that answers what no other does. */
function readinessOf({services}: Config): string {
  const http = services.filter(({type}) => type === 'http')
  return (http.find(({paths}) => paths.includes('/')) ?? http[0])?.health?.ready ?? '/'
}
