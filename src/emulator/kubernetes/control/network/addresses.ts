/** Where the traffic to a pod or a Service really goes on this machine. */
import type {ProxyResolver} from '../../api/api.ts'
import type {Json, ObjectStore} from '../../api/store.ts'
import {containersOf, isReady, isTerminating} from '../pods.ts'
import {hostPortOf, podsBehind} from './endpoints.ts'

/** `http://127.0.0.1:PORT`, or undefined when nothing is ready there. */
export function addressOf(
  store: ObjectStore,
  {kind, namespace, name, port}: Parameters<ProxyResolver>[0],
): string | undefined {
  const number = kind === 'pod' ? podPort(store, namespace, name, port) : servicePort(store, namespace, name, port)
  return number === undefined ? undefined : `http://127.0.0.1:${number}`
}

function podPort(store: ObjectStore, namespace: string, name: string, port: string | undefined): number | undefined {
  const pod = store.get('pods', namespace, name)
  if (pod?.status?.phase !== 'Running') return undefined
  const wanted = port ?? containersOf(pod).flatMap((container) => container.ports ?? [])[0]?.containerPort
  return wanted === undefined ? undefined : hostPortOf(pod, wanted)
}

function servicePort(
  store: ObjectStore,
  namespace: string,
  name: string,
  port: string | undefined,
): number | undefined {
  const service = store.get('services', namespace, name)
  const ports: Json[] = service?.spec.ports ?? []
  const entry = port === undefined ? ports[0] : ports.find((one) => one.name === port || String(one.port) === port)
  return service && entry && readyPorts(store, service, entry)[0]
}

/** The host ports of the Service's ready pods, in random order. */
export function readyPorts(store: ObjectStore, service: Json, {port, targetPort = port}: Json): number[] {
  const ready = podsBehind(store, service).filter((pod) => isReady(pod) && !isTerminating(pod))
  return shuffled(ready.map((pod) => hostPortOf(pod, targetPort)).filter((number) => number !== undefined))
}

function shuffled(numbers: number[]): number[] {
  const keys = new Map(numbers.map((number) => [number, Math.random()]))
  return numbers.sort((a, b) => keys.get(a)! - keys.get(b)!)
}
