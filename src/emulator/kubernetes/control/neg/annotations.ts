/** The Service annotations that ask for NEGs: https://cloud.google.com/kubernetes-engine/docs/how-to/standalone-neg#create_a_service */
import {createHash} from 'node:crypto'
import type {Json, KubeObject} from '../../api/store.ts'

export const NEG = 'cloud.google.com/neg'
export const NEG_STATUS = 'cloud.google.com/neg-status'

export interface NegPort {
  /** The Service's port. */
  readonly port: number
  readonly targetPort: string | number
  /** The name of the NEG, the same in every zone. */
  readonly name: string
}

/** The ports to expose; none when the annotation is absent, is not JSON, or names ports the Service has not. */
export function negPorts(service: KubeObject): NegPort[] {
  const exposed = parse(service.metadata.annotations?.[NEG])?.exposed_ports ?? {}
  return Object.entries<Json>(exposed).flatMap(([text, {name} = {}]) => {
    const entry = (service.spec.ports ?? []).find(({port}: Json) => port === Number(text))
    if (!entry) return []
    return [
      {port: entry.port, targetPort: entry.targetPort ?? entry.port, name: name ?? defaultName(service, entry.port)},
    ]
  })
}

function parse(text: string | undefined): Json {
  try {
    return text && JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `k8s1-CLUSTER-NAMESPACE-SERVICE-PORT-HASH`, cut to 63 characters. */
function defaultName({metadata}: KubeObject, port: number): string {
  const hash = createHash('sha256').update(`${metadata.uid};${port}`).digest('hex').slice(0, 8)
  return `k8s1-${`${metadata.namespace}-${metadata.name}-${port}`.slice(0, 49)}-${hash}`
}
