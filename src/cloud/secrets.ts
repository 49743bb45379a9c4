/** Secret Manager. Source: https://cloud.google.com/secret-manager/docs/reference/rest */
import {callJson, findJson, withToken} from './rest.ts'
import type {Wires} from './wires.ts'

const urlOf = (wires: Wires, project: string, id: string) =>
  `${wires.base('secretmanager')}/v1/projects/${project}/secrets/${id}`

/** Metadata only: the value itself is never read by ha. */
export async function hasSecret(wires: Wires, project: string, id: string, token?: string): Promise<boolean> {
  const version = await findJson<{state?: string}>(`${urlOf(wires, project, id)}/versions/latest`, withToken(token))
  return version?.state === 'ENABLED'
}

export async function addSecret(
  wires: Wires,
  project: string,
  id: string,
  value: string,
  token?: string,
): Promise<void> {
  const payload = {data: Buffer.from(value, 'utf8').toString('base64')}
  await callJson(`${urlOf(wires, project, id)}:addVersion`, {method: 'POST', body: {payload}, ...withToken(token)})
}
