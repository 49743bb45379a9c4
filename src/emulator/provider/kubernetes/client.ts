/** The Kubernetes API, as much of it as the provider speaks. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
import {setTimeout as pause} from 'node:timers/promises'
import type {Props} from '../../contract.ts'
import {type Call, fetchJson, fetchLines, HttpError} from '../../http.ts'
import type {Kind} from './kinds.ts'

export interface Place {
  readonly kind: Pick<Kind, 'apiVersion' | 'plural' | 'namespaced'>
  readonly namespace?: string
  readonly name: string
}

export interface KubernetesObject {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly generation?: number
    readonly resourceVersion: string
    readonly deletionTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: Props
  readonly status?: Props
  readonly [field: string]: unknown
}

export interface Apply {
  readonly manager: string
  readonly force: boolean
  readonly dryRun?: boolean
}

export type Client = ReturnType<typeof createClient>

/** Every call but a watch ends within this. */
const DEADLINE_MS = 10_000
/** Before a watch that was cut is begun again. */
const REWATCH_MS = 200

export function createClient(server: string) {
  const url = ({kind, namespace, name}: Partial<Place> & Pick<Place, 'kind'>, query: Record<string, string> = {}) => {
    const group = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`
    const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ''
    const rest = name === undefined ? '' : `/${encodeURIComponent(name)}`
    const search = new URLSearchParams(query).toString()
    return `${server}${group}${scope}/${kind.plural}${rest}${search && `?${search}`}`
  }
  // Reserved for names that never resolve (RFC 6761); asking a resolver can take seconds.
  const exists = !new URL(server).hostname.endsWith('.invalid')
  const call = async <T>(target: string, options: Call = {}): Promise<T> => {
    if (!exists) throw new Unreachable(server, new Error('there is no such cluster yet'))
    try {
      return await fetchJson<T>(target, {deadlineMs: DEADLINE_MS, ...options})
    } catch (error) {
      if (error instanceof HttpError || options.signal?.aborted) throw error
      throw new Unreachable(server, error as Error)
    }
  }
  return {
    server,

    /** undefined: there is none. */
    async get(place: Place): Promise<KubernetesObject | undefined> {
      return call<KubernetesObject>(url(place)).catch(undefinedIf404)
    },

    /** Throws HttpError 409 when another manager owns a field and `force` is not set. */
    apply(place: Place, object: Props, {manager, force, dryRun}: Apply): Promise<KubernetesObject> {
      const query = {fieldManager: manager, force: String(force), ...(dryRun && {dryRun: 'All'})}
      return call(url(place, query), {
        method: 'PATCH',
        body: object,
        headers: {'content-type': 'application/apply-patch+yaml'},
      })
    },

    /** undefined: it was gone already. */
    async delete(place: Place, body: Props): Promise<unknown> {
      return call(url(place), {method: 'DELETE', body}).catch(undefinedIf404)
    },

    async list(place: Omit<Place, 'name'>, labelSelector: string): Promise<readonly KubernetesObject[]> {
      return (await call<List>(url(place, {labelSelector}))).items
    },

    /**
     * The object now and after every change; undefined when it is gone. Comes back by itself when the watch is cut, and ends
     * when `signal` is aborted, with its reason.
     */
    async *watch(place: Place, signal: AbortSignal): AsyncGenerator<KubernetesObject | undefined> {
      const {kind, namespace} = place
      const all = {kind, ...(namespace !== undefined && {namespace})}
      const fieldSelector = `metadata.name=${place.name}`
      for (;;) {
        signal.throwIfAborted()
        const {items, metadata} = await call<List>(url(all, {fieldSelector}), {signal})
        yield items[0]
        const query = {watch: 'true', fieldSelector, resourceVersion: metadata.resourceVersion}
        try {
          for await (const line of fetchLines(url(all, query), {signal})) {
            const {type, object} = JSON.parse(line) as {type: string; object: KubernetesObject}
            // Too old a version (410): look again.
            if (type === 'ERROR') break
            if (type !== 'BOOKMARK') yield type === 'DELETED' ? undefined : object
          }
        } catch (error) {
          if (signal.aborted) throw signal.reason
          if (error instanceof HttpError && error.status !== 410) throw error
        }
        await pause(REWATCH_MS, undefined, {signal}).catch(() => {})
      }
    },
  }
}

interface List {
  readonly items: readonly KubernetesObject[]
  readonly metadata: {readonly resourceVersion: string}
}

export class Unreachable extends Error {
  override readonly name = 'Unreachable'

  constructor(server: string, cause: Error) {
    super(`the Kubernetes cluster at ${server} is unreachable: ${cause.message}`, {cause})
  }
}

function undefinedIf404(error: unknown): undefined {
  if (error instanceof HttpError && error.status === 404) return undefined
  throw error
}
