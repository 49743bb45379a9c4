/** What a region's observer knows, read through the Kubernetes API's service proxy: nothing else of it is reachable from outside. */
import {HaError} from '../errors.ts'
import type {Facts} from '../facts.ts'
import {callJson, withToken} from './rest.ts'

/** It answers from memory; what takes longer is the way there. */
const DEADLINE_MS = 2_500

export interface ObserverPlace {
  /** Base URL of the region's Kubernetes API. */
  readonly endpoint: string
  readonly namespace: string
  readonly name: string
}

/**
 * https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/
 * @throws HaError CLOUD_UNREACHABLE (also where none is ready), CLOUD_REFUSED (none there, or one of another version)
 */
export async function readFacts({endpoint, namespace, name}: ObserverPlace, token?: string): Promise<Facts> {
  const url = `${endpoint}/api/v1/namespaces/${namespace}/services/${name}:http/proxy/facts`
  const facts = await callJson<Partial<Facts> | undefined>(url, {deadlineMs: DEADLINE_MS, ...withToken(token)})
  if (facts?.version === 1) return facts as Facts
  throw new HaError('CLOUD_REFUSED', `The observer speaks version ${facts?.version ?? 'unknown'}, this ha version 1.`, {
    data: {status: 501},
  })
}
