/** The `filter` of list calls: https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups/aggregatedList */
import type {Props} from '../../contract.ts'
import {GoogleError} from '../google.ts'

type Predicate = (resource: Props) => boolean

/** `name=web`, `name="web"`, `name eq "web-.*"`, `size>0`, joined by AND (also in parentheses). Anything else is refused. */
export function parseFilter(filter: string | undefined): Predicate {
  if (filter === undefined || filter.trim() === '') return () => true
  const terms = filter
    .split(/\s+AND\s+|(?<=\))\s*(?=\()/)
    .map((term) => parseTerm(term.trim().replace(/^\((.*)\)$/, '$1')))
  return (resource) => terms.every((matches) => matches(resource))
}

function parseTerm(term: string): Predicate {
  const found = /^([\w.]+)\s*(!=|=|:|>|<|\beq\b|\bne\b)\s*(?:"([^"]*)"|'([^']*)'|(\S+))$/.exec(term)
  if (found === null)
    throw new GoogleError(
      400,
      'invalid',
      `Invalid value for field 'filter': '${term}'. Invalid list filter expression.`,
    )
  const [, path = '', operator, double, single, bare] = found
  const wanted = double ?? single ?? bare ?? ''
  const read = (resource: Props) =>
    path.split('.').reduce<unknown>((value, key) => (value as Props | undefined)?.[key], resource)
  switch (operator) {
    case '=':
      return (resource) => String(read(resource)) === wanted
    case '!=':
      return (resource) => String(read(resource)) !== wanted
    case ':':
      return (resource) =>
        wanted === '*' ? read(resource) !== undefined : String(read(resource)).includes(wanted.replaceAll('*', ''))
    case '>':
      return (resource) => Number(read(resource)) > Number(wanted)
    case '<':
      return (resource) => Number(read(resource)) < Number(wanted)
    case 'ne':
      return (resource) => !new RegExp(`^(?:${wanted})$`).test(String(read(resource)))
    default:
      return (resource) => new RegExp(`^(?:${wanted})$`).test(String(read(resource)))
  }
}
