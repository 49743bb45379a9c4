/** The word that the gates of all regions go by: one object of Cloud Storage, changed by generation match. https://docs.cloud.google.com/storage/docs/json_api/v1/objects */
import type {GateTopology} from '../topology/topology.ts'
import type {GateSeen, GateWord} from './operable.ts'
import {callJson, findJson, withToken} from './rest.ts'
import type {Wires} from './wires.ts'

const DEADLINE_MS = 3_000

const objectUrl = (wires: Wires, {bucket, object}: GateTopology) =>
  `${wires.base('storage')}/storage/v1/b/${bucket}/o/${encodeURIComponent(object)}`

/** Undefined: nothing was said yet. Of what it says and which generation that is, asked in one. */
export async function readGate(wires: Wires, gate: GateTopology, token?: string): Promise<GateSeen | undefined> {
  let generation = ''
  const word = await findJson<GateWord>(`${objectUrl(wires, gate)}?alt=media`, {
    deadlineMs: DEADLINE_MS,
    onHeaders: (headers) => {
      generation = String(headers['x-goog-generation'] ?? '')
    },
    ...withToken(token),
  })
  return word && {word, generation}
}

/** Only while the object is at `generation`; undefined: only while there is none. Throws CLOUD_REFUSED 412 otherwise. */
export async function writeGate(
  wires: Wires,
  gate: GateTopology,
  word: GateWord,
  generation: string | undefined,
  token?: string,
): Promise<void> {
  const url = `${wires.base('storage')}/upload/storage/v1/b/${gate.bucket}/o`
  const query = `uploadType=media&name=${encodeURIComponent(gate.object)}&ifGenerationMatch=${generation ?? '0'}`
  await callJson(`${url}?${query}`, {method: 'POST', body: word, deadlineMs: DEADLINE_MS, ...withToken(token)})
}
