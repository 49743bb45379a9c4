/**
 * What a container's process is started with. Pods share the host's network, so each container port stands on a free host port, and
 * the environment and arguments are told so. Pure.
 */
import type {Json, KubeObject} from '../../api/store.ts'
import {parseQuantity} from '../quantity.ts'

/** Looks up a ConfigMap or Secret of the pod's namespace. */
export type Lookup = (resource: 'configmaps' | 'secrets', name: string) => KubeObject | undefined

export interface Setting {
  readonly pod: KubeObject
  /** Host port by container port. */
  readonly ports: ReadonlyMap<number, number>
  readonly lookup: Lookup
  /** The least a process needs; a container's own values win. */
  readonly base: Readonly<Record<string, string>>
}

/** A container that cannot be started yet, with the reason `kubectl get pods` shows. */
export class NotStartable extends Error {
  override readonly name = 'NotStartable'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Throws NotStartable CreateContainerConfigError when a ConfigMap, a Secret or a key of one is missing and not optional. */
export function environmentOf(container: Json, setting: Setting): Record<string, string> {
  const env: Record<string, string> = {}
  for (const source of container.envFrom ?? []) {
    const data = source.configMapRef ? mapData(source.configMapRef, setting) : secretData(source.secretRef, setting)
    for (const [key, value] of Object.entries(data)) env[`${source.prefix ?? ''}${key}`] = toHost(value, setting.ports)
  }
  for (const entry of container.env ?? []) {
    const value = entry.valueFrom ? valueFrom(entry.valueFrom, container, setting) : expand(entry.value ?? '', env)
    if (value !== undefined) env[entry.name] = toHost(value, setting.ports)
  }
  return {...setting.base, ...env}
}

/** `$(VAR)` becomes VAR's value, `$$(VAR)` the text `$(VAR)`; what is unknown stays. https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([\w.-]+)\)/g, (whole, name) => (whole === '$$' ? '$' : (env[name] ?? whole)))
}

/** A container port in `text`, alone or as `127.0.0.1:PORT`, `localhost:PORT`, `0.0.0.0:PORT` or `--flag=PORT`, becomes its host port. */
export function toHost(text: string, ports: ReadonlyMap<number, number>): string {
  const mapped = (port: string) => String(ports.get(Number(port)) ?? port)
  if (/^:?\d{1,5}$/.test(text)) return text.replace(/\d+/, mapped)
  return text
    .replace(/\b(127\.0\.0\.1|localhost|0\.0\.0\.0):(\d{1,5})(?!\d)/g, (_, host, port) => `${host}:${mapped(port)}`)
    .replace(/^(--?[\w-]+=)(\d{1,5})$/, (_, flag, port) => flag + mapped(port))
}

/** Command and arguments with the environment and the host ports filled in. */
export const fill = (
  parts: readonly string[] | undefined,
  env: Readonly<Record<string, string>>,
  ports: ReadonlyMap<number, number>,
): string[] => (parts ?? []).map((part) => toHost(expand(part, env), ports))

function valueFrom(source: Json, container: Json, setting: Setting): string | undefined {
  if (source.fieldRef) return fieldOf(source.fieldRef.fieldPath, setting.pod)
  if (source.resourceFieldRef) return resourceOf(source.resourceFieldRef, container, setting.pod)
  const ref = source.secretKeyRef ?? source.configMapKeyRef
  const data = source.secretKeyRef ? secretData(ref, setting) : mapData(ref, setting)
  if (data[ref.key] === undefined && !ref.optional) {
    const kind = source.secretKeyRef ? 'Secret' : 'ConfigMap'
    throw new NotStartable(
      'CreateContainerConfigError',
      `couldn't find key ${ref.key} in ${kind} ${setting.pod.metadata.namespace}/${ref.name}`,
    )
  }
  return data[ref.key]
}

function mapData(ref: Json, {lookup}: Setting): Record<string, string> {
  return found(ref, 'configmap', lookup('configmaps', ref.name)).data ?? {}
}

function secretData(ref: Json, {lookup}: Setting): Record<string, string> {
  const data: Record<string, string> = found(ref, 'secret', lookup('secrets', ref.name)).data ?? {}
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

function found(ref: Json, kind: string, object: KubeObject | undefined): Json {
  if (object) return object
  if (ref.optional) return {}
  throw new NotStartable('CreateContainerConfigError', `${kind} "${ref.name}" not found`)
}

/** The downward API: https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields */
function fieldOf(path: string, {metadata, spec, status}: KubeObject): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path) ?? []
  if (map && key) return metadata[map as 'labels' | 'annotations']?.[key] ?? ''
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.hostIP': status?.hostIP ?? '127.0.0.1',
    'status.hostIPs': status?.hostIP ?? '127.0.0.1',
    'status.podIP': status?.podIP ?? '127.0.0.1',
    'status.podIPs': status?.podIP ?? '127.0.0.1',
  }
  if (!(path in fields)) throw new NotStartable('CreateContainerConfigError', `unsupported fieldPath: ${path}`)
  return fields[path] ?? ''
}

function resourceOf({resource, divisor, containerName}: Json, own: Json, {spec}: KubeObject): string {
  const container = containerName ? spec.containers.find(({name}: Json) => name === containerName) : own
  const [kind, what] = String(resource).split('.') as ['requests' | 'limits', string]
  const amount = parseQuantity(container?.resources?.[kind]?.[what] ?? container?.resources?.limits?.[what])
  return String(Math.ceil(amount / (parseQuantity(divisor === '0' ? '1' : (divisor ?? '1')) || 1)))
}
