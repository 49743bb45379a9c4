import {LIMITS} from './limits.ts'

export interface PageRequest {
  readonly pageSize?: number
  readonly pageToken?: string
}

/** One page of `items` in order of their names; the token is the last name of the page before. */
export function page<T>(
  items: Iterable<T>,
  nameOf: (item: T) => string,
  {pageSize, pageToken = ''}: PageRequest,
): {items: T[]; nextPageToken?: string} {
  const size = Math.min(pageSize || LIMITS.pageSize.default, LIMITS.pageSize.max)
  const rest = [...items].filter((item) => nameOf(item) > pageToken).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const taken = rest.slice(0, size)
  return rest.length > size ? {items: taken, nextPageToken: nameOf(taken.at(-1)!)} : {items: taken}
}
