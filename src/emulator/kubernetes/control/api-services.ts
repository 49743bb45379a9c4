/**
 * APIs that others add to the API server: whether a Service stands behind them. Calls are not passed on.
 * https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
 */
import type {KubeObject, ObjectStore} from '../api/store.ts'
import {isTrue, withCondition} from './conditions.ts'
import {type Controller, type ControlPlane, keyOf} from './controller.ts'

const API_SERVICES = 'apiregistration.k8s.io/apiservices'
const SLICES = 'discovery.k8s.io/endpointslices'
const SERVICE_NAME = 'kubernetes.io/service-name'

interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export function apiServices({store, now}: ControlPlane): Controller {
  function reconcile(_: string, name: string) {
    const api = store.get(API_SERVICES, undefined, name)
    if (!api || api.metadata.deletionTimestamp) return
    const condition = {type: 'Available', ...verdictOn(store, api)}
    store.updateStatus(API_SERVICES, undefined, name, ({status = {}}: KubeObject) => ({
      ...status,
      conditions: withCondition(status.conditions, condition, now()),
    }))
  }

  /** Those that name this Service. */
  const behind = (namespace: string | undefined, name: string | undefined): string[] =>
    store
      .list(API_SERVICES)
      .filter(({spec}) => spec.service?.namespace === namespace && spec.service.name === name)
      .map(keyOf)

  return {
    name: 'available-condition-controller',
    of: API_SERVICES,
    watches: {
      services: ({object: {metadata}}) => behind(metadata.namespace, metadata.name),
      [SLICES]: ({object: {metadata}}) => behind(metadata.namespace, metadata.labels?.[SERVICE_NAME]),
    },
    reconcile,
  }
}

const isReady = ({endpoints}: KubeObject): boolean =>
  endpoints.some(({conditions}: {conditions: {ready: boolean}}) => conditions.ready)

/** Worded as kube-aggregator does (pkg/controllers/status/remote/remote_available_controller.go). */
function verdictOn(store: ObjectStore, {spec}: KubeObject): Verdict {
  if (!spec.service) return {status: 'True', reason: 'Local', message: 'Local APIServices are always available'}
  const {namespace, name, port} = spec.service
  const no = (reason: string, message: string): Verdict => ({status: 'False', reason, message})
  const service = store.get('services', namespace, name)
  if (!service) return no('ServiceNotFound', `service/${name} in "${namespace}" is not present`)
  const open = (service.spec.ports ?? []).find((each: {port: number}) => each.port === port)
  if (!open) return no('ServicePortError', `service/${name} in "${namespace}" is not listening on port ${port}`)
  const slices = store.list(SLICES, {namespace, labels: {matchLabels: {[SERVICE_NAME]: name}}})
  const where = `service/${name} in "${namespace}"`
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${where}`)
  if (!slices.some(isReady))
    return no('MissingEndpoints', `endpointslices for ${where} have no addresses with port name "${open.name ?? ''}"`)
  return {status: 'True', reason: 'Passed', message: 'all checks passed'}
}

/**
 * Throws in a client's words while nobody serves the API: what is registered as `<version>.<group>`.
 * @param resource what was asked for, in that group.
 */
export function serving(store: ObjectStore, version: string, group: string, resource: string): void {
  const api = store.get(API_SERVICES, undefined, `${version}.${group}`)
  const why = api
    ? 'the server is currently unable to handle the request'
    : 'the server could not find the requested resource'
  if (!api || !isTrue(api, 'Available')) throw new Error(`${why} (get ${resource}.${group})`)
}
