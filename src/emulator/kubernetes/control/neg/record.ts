/** ServiceNetworkEndpointGroup: what a NEG controller writes down of each group it keeps. */
import type {Json, KubeObject} from '../../api/store.ts'
import {controlledBy} from '../names.ts'
import type {NegPort} from './annotations.ts'

export const RECORDS = 'networking.gke.io/servicenetworkendpointgroups'
export const SERVICE_NAME = 'networking.gke.io/service-name'
/** Holds the record, and with it the Service's namespace, until the groups are gone. */
export const FINALIZER = 'networking.gke.io/neg-finalizer'

export const newRecord = (service: KubeObject, {port, name}: NegPort): KubeObject => ({
  apiVersion: 'networking.gke.io/v1beta1',
  kind: 'ServiceNetworkEndpointGroup',
  metadata: {
    name,
    namespace: service.metadata.namespace!,
    labels: {
      'networking.gke.io/managed-by': 'neg-controller',
      [SERVICE_NAME]: service.metadata.name,
      'networking.gke.io/service-port': String(port),
    },
    ownerReferences: [controlledBy(service)],
    finalizers: [FINALIZER],
  },
  spec: {},
})

/** The zones of the groups in the record's status. */
export const zonesIn = ({status}: KubeObject): string[] =>
  (status?.networkEndpointGroups ?? [])
    .map(({selfLink}: Json) => /\/zones\/([^/]+)\//.exec(selfLink)?.[1])
    .filter(Boolean)
