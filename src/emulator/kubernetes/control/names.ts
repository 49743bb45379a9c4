/** Names and hashes as controllers make them. */
import {createHash, randomInt} from 'node:crypto'
import type {Json, KubeObject, OwnerReference} from '../api/store.ts'

/** No vowels, no look-alikes: https://pkg.go.dev/k8s.io/apimachinery/pkg/util/rand#SafeEncodeString */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789'

/** `prefix` with five random characters, as the API server completes a generateName. */
export function generateName(prefix: string): string {
  const tail = Array.from({length: 5}, () => SAFE[randomInt(SAFE.length)]).join('')
  return `${prefix.slice(0, 58)}${tail}`
}

/** Ten safe characters that follow from the value; equal for values that differ only in the order of keys. */
export function hashOf(value: Json): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest()
  return Array.from(digest.subarray(0, 10), (byte) => SAFE[byte % SAFE.length]).join('')
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}

/** A reference that makes `owner` the controller of what carries it. */
export const controlledBy = ({apiVersion, kind, metadata}: KubeObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid!,
  controller: true,
  blockOwnerDeletion: true,
})
