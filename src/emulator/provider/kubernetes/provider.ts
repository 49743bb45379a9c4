/** The kubernetes provider, over the API server that its kubeconfig names. */
import type {Props} from '../../contract.ts'
import {HttpError} from '../../http.ts'
import {diffInputs} from '../diff.ts'
import {refreshInputs} from '../refresh.ts'
import type {Schema} from '../schema.ts'
import {InitFailed, type Operation, type Provider, type Session} from '../session.ts'
import {hasUnknown, isUnknown, UNKNOWN} from '../values.ts'
import {type Client, createClient, type KubernetesObject, type Place} from './client.ts'
import type {Kind} from './kinds.ts'
import {parseKubeconfig} from './kubeconfig.ts'
import {
  AUTONAMED,
  annotation,
  idOf,
  kindOf,
  MANAGER,
  managerOf,
  outputsOf,
  placeOf,
  timeoutOf,
  withDefaults,
} from './objects.ts'
import {NotReady, waitUntilGone, waitUntilReady} from './wait.ts'

export interface KubernetesOptions {
  readonly version: string
  readonly schema: Schema
}

interface Config {
  readonly kubeconfig?: string
  readonly context?: string
  readonly cluster?: string
  readonly clusterIdentifier?: string
  readonly namespace?: string
  readonly upsertExistingObjects?: string | boolean
  readonly enablePatchForce?: string | boolean
  readonly enableConfigMapMutable?: string | boolean
  readonly enableSecretMutable?: string | boolean
}

export function createKubernetesProvider({version, schema}: KubernetesOptions): Provider {
  return {name: 'kubernetes', version, connect: () => createSession(schema)}
}

function createSession(schema: Schema): Session {
  let config: Config = {}
  let client: Client | undefined
  /** Why there is no client. */
  let problem = 'the Kubernetes provider has no kubeconfig'

  const connected = (): Client => {
    if (!client) throw new Error(`configured Kubernetes cluster is unreachable: ${problem}`)
    return client
  }
  const isOn = (flag: keyof Config) => String(config[flag]) === 'true'
  const mutable = (kind: Kind) =>
    (kind.kind === 'ConfigMap' && isOn('enableConfigMapMutable')) ||
    (kind.kind === 'Secret' && isOn('enableSecretMutable'))

  /** Applies, and words the API server's refusals as the real provider does. */
  const apply = async (place: Place, inputs: Props, manager: string, dryRun = false): Promise<KubernetesObject> => {
    const force = annotation(inputs, 'pulumi.com/patchForce') === 'true' || isOn('enablePatchForce')
    try {
      return await connected().apply(place, inputs, {manager, force, dryRun})
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 409) throw error
      throw new Error(
        `the Kubernetes API server reported that ${JSON.stringify(idOf(place))} failed to fully initialize or become live: ` +
          `Server-Side Apply field conflict detected. See https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/` +
          `managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources for troubleshooting help. ${error.message}`,
      )
    }
  }

  /** Waits as long as the object asks for; what exists but is not well is reported with its state. */
  const settle = async (
    place: Place,
    live: KubernetesObject,
    manager: string,
    operation: Operation & {inputs: Props},
  ) => {
    const {awaited} = kindOf(operation.token)
    if (!awaited || annotation(operation.inputs, 'pulumi.com/skipAwait') === 'true') return outputsOf(live, manager)
    const {signal, say} = operation
    const waiting = {client: connected(), place, signal, say, timeoutMs: timeoutOf(operation.inputs, operation)}
    try {
      return outputsOf(await waitUntilReady(awaited, waiting), manager)
    } catch (error) {
      const last =
        (await connected()
          .get(place)
          .catch(() => undefined)) ?? live
      const outputs = outputsOf(last, manager)
      const {message} = error as Error
      const reasons = error instanceof NotReady ? [message, ...error.reasons] : [message]
      throw new InitFailed(message, {id: idOf(place), outputs, reasons})
    }
  }

  const preview = async (kind: Kind, inputs: Props, manager: string): Promise<Props> => {
    const place = placeOf(kind, inputs)
    // What the API server would refuse is refused now, as far as it can be asked: not about what does not exist yet.
    if (client && !hasUnknown(inputs)) {
      await apply(place, inputs, manager, true).catch((error: unknown) => {
        const refused = error instanceof HttpError && error.status !== 404 && error.status < 500
        if (refused) throw error
      })
    }
    const computed = (schema.resource(kind.token)?.computed ?? []).filter((name) => !(name in inputs))
    return {...Object.fromEntries(computed.map((name) => [name, UNKNOWN])), ...inputs}
  }

  return {
    checkConfig: (news) => schema.checkConfig(parseFlags(news)),

    // Source: https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/ (clusterIdentifier)
    diffConfig: (olds, news) => {
      const identified = olds.clusterIdentifier !== undefined || news.clusterIdentifier !== undefined
      const keys = identified ? ['clusterIdentifier'] : ['kubeconfig', 'context', 'cluster']
      return keys.filter((key) => olds[key] !== news[key])
    },

    async configure(args) {
      config = args as Config
      client = undefined
      const {kubeconfig, context, cluster} = config
      if (isUnknown(kubeconfig)) problem = 'its kubeconfig is not known yet'
      if (typeof kubeconfig !== 'string' || isUnknown(kubeconfig)) return
      try {
        const chosen = {...(context !== undefined && {context}), ...(cluster !== undefined && {cluster})}
        const address = await parseKubeconfig(kubeconfig, chosen)
        config = {...(address.namespace !== undefined && {namespace: address.namespace}), ...config}
        client = createClient(address.server)
      } catch (error) {
        problem = (error as Error).message
      }
    },

    async check({token, name, olds, news, seed}) {
      const kind = kindOf(token)
      const inputs = withDefaults({kind, name, olds, news, seed, namespace: config.namespace ?? 'default'})
      return {inputs, failures: schema.check(token, inputs)}
    },

    async diff({token, olds, news, ignoreChanges}) {
      const kind = kindOf(token)
      const immutable = ['metadata.name', 'metadata.namespace', ...(mutable(kind) ? [] : kind.immutable)]
      const changes = diffInputs(olds, news, immutable, ignoreChanges)
      // What was named here gets another name, so that old and new can stand side by side.
      const mustShareName =
        annotation(news, AUTONAMED) !== 'true' && idOf(placeOf(kind, olds)) === idOf(placeOf(kind, news))
      return {changes, deleteBeforeReplace: mustShareName && changes.some(({replaces}) => replaces)}
    },

    async create(operation) {
      const kind = kindOf(operation.token)
      const {inputs} = operation
      const manager = managerOf(inputs, undefined)
      if (operation.preview) return {id: '', outputs: await preview(kind, inputs, manager)}
      const place = placeOf(kind, inputs)
      const existing = await connected().get(place)
      if (existing && !isOn('upsertExistingObjects')) {
        throw new Error(
          `resource ${JSON.stringify(idOf(place))} was not successfully created by the Kubernetes API server: ` +
            `${kind.plural} ${JSON.stringify(place.name)} already exists`,
        )
      }
      const live = await apply(place, inputs, manager)
      return {id: idOf(place), outputs: await settle(place, live, manager, operation)}
    },

    async read({token, id, outputs, inputs}) {
      const kind = kindOf(token)
      const [name, namespace] = id.split('/').reverse() as [string, string | undefined]
      const place = {kind, name, ...(kind.namespaced && {namespace: namespace ?? config.namespace ?? 'default'})}
      const live = await connected().get(place)
      if (!live) return undefined
      const {metadata, apiVersion, kind: kindName, spec} = live
      const known = Object.keys(inputs).length > 0
      return {
        id: idOf(place),
        outputs: outputsOf(live, String(outputs[MANAGER] ?? managerOf(inputs, undefined))),
        inputs: known
          ? (refreshInputs(inputs, live) as Props)
          : {apiVersion, kind: kindName, metadata: {name: metadata.name, namespace: metadata.namespace}, spec},
      }
    },

    async update(operation) {
      const kind = kindOf(operation.token)
      const {inputs, outputs: old} = operation
      const manager = managerOf(inputs, old)
      if (operation.preview) return {...old, ...(await preview(kind, inputs, manager)), status: old.status ?? UNKNOWN}
      const place = placeOf(kind, inputs)
      const live = await apply(place, inputs, manager)
      return settle(place, live, manager, operation)
    },

    async delete(operation) {
      const kind = kindOf(operation.token)
      const place = placeOf(kind, operation.outputs)
      const live = await connected().get(place)
      if (!live) return
      const policy = annotation(operation.outputs, 'pulumi.com/deletionPropagationPolicy') ?? 'Foreground'
      const {uid} = live.metadata
      await connected().delete(place, {propagationPolicy: policy.replace(/^./, (letter) => letter.toUpperCase())})
      if (annotation(operation.outputs, 'pulumi.com/skipAwait') === 'true') return
      const {signal, say} = operation
      const timeoutMs = timeoutOf(operation.outputs, operation)
      await waitUntilGone({client: connected(), place, signal, say, timeoutMs}, uid)
    },
  }
}

/** The SDK sends flags and nested settings as JSON texts. */
function parseFlags(config: Props): Props {
  const parse = (key: string, value: unknown) => {
    if (typeof value !== 'string' || key === 'kubeconfig' || !/^(\{|true$|false$)/.test(value)) return value
    try {
      return JSON.parse(value)
    } catch {
      return value
    }
  }
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, parse(key, value)]))
}
