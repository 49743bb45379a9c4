/** Between the record (Pulumi's names) and the wire (Google's): renames, references as full URLs, and merging of changes. */
import {isDeepStrictEqual} from 'node:util'
import type {Props} from '../../contract.ts'
import {relativeName, selfLink} from '../google.ts'
import {isProps, type Kind, stringsOf, without} from './kind.ts'

/** Pulumi writes lists in the plural where Google does not. */
const PLURALS: Readonly<Record<string, string>> = {
  requestHeadersToAdds: 'requestHeadersToAdd',
  requestHeadersToRemoves: 'requestHeadersToRemove',
  responseHeadersToAdds: 'responseHeadersToAdd',
  responseHeadersToRemoves: 'responseHeadersToRemove',
}
const SINGULARS = Object.fromEntries(Object.entries(PLURALS).map(([plural, singular]) => [singular, plural]))

/** Inputs and outputs that exist in Pulumi only. */
const PULUMI_ONLY = ['project', 'pulumiLabels', 'effectiveLabels', 'deletionPolicy', 'params']

/** Fields of the wire that a writer cannot set. */
const OUTPUT_ONLY = [
  'kind',
  'id',
  'selfLink',
  'creationTimestamp',
  'fingerprint',
  'labelFingerprint',
  'status',
  'users',
  'usedBy',
  'type',
]

function rename(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => rename(item, names))
  if (!isProps(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined && inner !== null)
      .map(([key, inner]) => [names[key] ?? key, rename(inner, names)]),
  )
}

/** The record in Google's names, references as they were written, nothing filled in below the top level. */
export function wireOf(kind: Kind, record: Props): Props {
  const plain = rename(
    without(record, [...PULUMI_ONLY, ...(kind.numberIn === undefined ? [] : [kind.numberIn])]),
    PLURALS,
  )
  return kind.toWire?.(plain as Props) ?? (plain as Props)
}

/** A wire body in the record's names. */
export function recordOf(kind: Kind, wire: Props): Props {
  const plain = kind.fromWire?.(wire) ?? wire
  return rename(plain, SINGULARS) as Props
}

/** What GET answers: references as full URLs, the API's defaults filled in. */
export function viewOf(kind: Kind, record: Props, id: string, number: string): Props {
  const wire = expand(kind, wireOf(kind, record), String(record.project)) as Props
  return {kind: kind.restKind, id: number, ...(kind.view?.(wire) ?? wire), selfLink: selfLink(id)}
}

function expand(kind: Kind, value: unknown, project: string): unknown {
  if (Array.isArray(value)) return value.map((item) => expand(kind, item, project))
  if (!isProps(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const collection = kind.references[key]
      if (collection === undefined) return [key, expand(kind, inner, project)]
      const link = (item: string) =>
        item.startsWith('//') || item === '' ? item : selfLink(relativeName(item, project, collection))
      if (typeof inner === 'string') return [key, link(inner)]
      return [key, Array.isArray(inner) ? stringsOf(inner).map(link) : inner]
    }),
  )
}

/** RFC 7396, as Google's PATCH methods say they do. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isProps(patch)) return patch
  const merged: Props = {...(isProps(target) ? target : {})}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(merged[key], value)
  }
  return merged
}

export const writable = (wire: Props): Props => without(wire, OUTPUT_ONLY)

/**
 * Carries a change seen in the API's view over to what is on record. What did not change stays as it was written, so that a
 * client that reads, changes one field and writes everything back leaves no other difference behind.
 */
export function adopt(kept: unknown, before: unknown, after: unknown): unknown {
  if (isDeepStrictEqual(before, after)) return kept
  if (Array.isArray(before) && Array.isArray(after) && after.every(isProps)) {
    return after.map((item, index) => {
      const from = before.findIndex((old, at) => sameElement(old, item, at === index))
      return from === -1 ? item : adopt(Array.isArray(kept) ? kept[from] : undefined, before[from], item)
    })
  }
  if (!isProps(before) || !isProps(after)) return after
  const old = isProps(kept) ? kept : {}
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, value]) => [key, adopt(old[key], before[key], value)] as const)
      .filter(([, value]) => value !== undefined),
  )
}

function sameElement(old: unknown, item: Props, samePlace: boolean): boolean {
  if (!isProps(old)) return false
  const key = ['group', 'name', 'priority'].find((candidate) => candidate in item)
  return key === undefined ? samePlace : old[key] === item[key]
}
