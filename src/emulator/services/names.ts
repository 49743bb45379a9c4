/** How Google names things: numbers, links, service agents. What Google would draw at random follows from the name here. */
import {createHash} from 'node:crypto'
import {UNKNOWN} from '../provider/values.ts'

/** Decimal digits that follow from `seed`, the first never 0. */
export function digits(seed: string, length: number): string {
  const text = BigInt(`0x${createHash('sha256').update(seed).digest('hex')}`).toString()
  return `${(Number(text[0]) % 9) + 1}${text.slice(1, length)}`
}

export const hex = (seed: string, length: number): string =>
  createHash('sha256').update(seed).digest('hex').slice(0, length)

/** A project's number: twelve digits. */
export function projectNumber(project: string): string {
  return project.includes(UNKNOWN) ? UNKNOWN : digits(`project ${project}`, 12)
}

export const computeLink = (id: string): string => `https://www.googleapis.com/compute/v1/${id}`

/** The id (`projects/P/global/networks/N`) of something given by id, by link or, inside `folder`, by bare name. */
export function idOf(reference: string, folder: string): string {
  const start = reference.indexOf('projects/')
  if (start >= 0) return reference.slice(start)
  return reference.includes('/') ? reference : `${folder}/${reference}`
}

export const lastOf = (path: string): string => path.split('/').at(-1)!

/** Agents whose address does not follow from the service's name. Source: https://cloud.google.com/iam/docs/service-agents */
const AGENTS: Readonly<Record<string, string>> = {
  container: 'container-engine-robot',
  sqladmin: 'gcp-sa-cloud-sql',
  compute: 'compute-system',
}

/** The service agent's address: `pubsub.googleapis.com` → `service-NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com`. */
export function serviceAgent(project: string, service: string): string {
  const name = service.replace(/\.googleapis\.com$/, '')
  const number = projectNumber(project)
  return number === UNKNOWN ? UNKNOWN : `service-${number}@${AGENTS[name] ?? `gcp-sa-${name}`}.iam.gserviceaccount.com`
}

export const now = (): string => new Date().toISOString()
