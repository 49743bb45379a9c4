/** Where the cluster is, from the text of a kubeconfig. Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
import {isObject} from '../values.ts'

export interface ClusterAddress {
  /** Base URL without a slash at the end. */
  readonly server: string
  readonly namespace?: string
}

interface Named {
  readonly name?: string
  readonly cluster?: {readonly server?: string}
  readonly context?: {readonly cluster?: string; readonly namespace?: string}
}

interface Kubeconfig {
  readonly clusters?: readonly Named[]
  readonly contexts?: readonly Named[]
  readonly 'current-context'?: string
}

/** Reads JSON or YAML. `chosen` overrides the current context or its cluster. Throws with what is wrong with the text. */
export async function parseKubeconfig(
  text: string,
  chosen: {context?: string; cluster?: string} = {},
): Promise<ClusterAddress> {
  const config = await parse(text)
  const wanted = chosen.context ?? config['current-context']
  const context = config.contexts?.find(({name}) => name === wanted) ?? config.contexts?.[0]
  const clusterName = chosen.cluster ?? context?.context?.cluster
  const cluster = config.clusters?.find(({name}) => name === clusterName) ?? config.clusters?.[0]
  const server = cluster?.cluster?.server
  if (server === undefined) throw new Error('the kubeconfig names no server')
  if (!/^http:\/\//.test(server)) throw new Error(`the emulator reaches clusters over plain HTTP only, not ${server}`)
  const namespace = context?.context?.namespace
  return {server: server.replace(/\/+$/, ''), ...(namespace !== undefined && {namespace})}
}

async function parse(text: string): Promise<Kubeconfig> {
  // JSON is what programs write; the YAML reader is loaded only for people's files.
  const value: unknown = text.trimStart().startsWith('{') ? JSON.parse(text) : (await import('yaml')).parse(text)
  if (!isObject(value)) throw new Error('the kubeconfig is no object')
  return value as Kubeconfig
}
