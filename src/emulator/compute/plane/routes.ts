/** Which backend service a request goes to: https://cloud.google.com/load-balancing/docs/url-map-concepts */
import type {Props} from '../../contract.ts'
import {listOf} from '../kinds/kind.ts'
import type {CompiledUrlMap, Route, ToRedirect} from './url-map.ts'

export interface RequestLine {
  readonly host: string
  /** Path with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Finds where a request goes. The most specific host, then the longest path. */
export function route(map: CompiledUrlMap, request: RequestLine): Route {
  const host = request.host.toLowerCase().replace(/:\d+$/, '')
  const matcher = map.hosts.get(host) ?? map.suffixes.find(({suffix}) => host.endsWith(suffix))?.matcher
  if (matcher === undefined) return map.otherwise
  const path = pathOf(request.path)
  if (matcher.rules.length > 0) {
    return (
      matcher.rules.find((rule) => rule.matches.every((match) => fits(match, path, request)))?.to ?? matcher.otherwise
    )
  }
  const longest = () => matcher.prefixes.find(({prefix}) => path.startsWith(prefix))?.to
  return matcher.exact.get(path) ?? longest() ?? matcher.otherwise
}

const pathOf = (url: string) => {
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

function fits(match: Props, path: string, request: RequestLine): boolean {
  const fold = (text: string) => (match.ignoreCase === true ? text.toLowerCase() : text)
  const {prefixMatch, fullPathMatch, regexMatch} = match
  if (typeof prefixMatch === 'string' && !fold(path).startsWith(fold(prefixMatch))) return false
  if (typeof fullPathMatch === 'string' && fold(path) !== fold(fullPathMatch)) return false
  if (typeof regexMatch === 'string' && !new RegExp(`^(?:${regexMatch})$`).test(path)) return false
  return listOf(match.headerMatches).every((header) => headerFits(header, request))
}

function headerFits(match: Props, request: RequestLine): boolean {
  const value = request.headers[String(match.headerName).toLowerCase()]
  const text = typeof value === 'string' ? value : value?.join(',')
  const holds = () => {
    if (match.exactMatch !== undefined) return text === match.exactMatch
    if (match.prefixMatch !== undefined) return text?.startsWith(String(match.prefixMatch)) === true
    if (match.suffixMatch !== undefined) return text?.endsWith(String(match.suffixMatch)) === true
    if (match.regexMatch !== undefined) return text !== undefined && new RegExp(`^(?:${match.regexMatch})$`).test(text)
    return text !== undefined
  }
  return holds() !== (match.invertMatch === true)
}

/** Where a redirect sends the client. */
export function location(redirect: ToRedirect, request: RequestLine, secure: boolean): string {
  const [path = '/', query] = request.path.split('?', 2)
  const target =
    redirect.path ?? (redirect.prefix === undefined ? path : `${redirect.prefix}${path.slice(redirect.matched.length)}`)
  const suffix = redirect.stripQuery || query === undefined ? '' : `?${query}`
  return `${redirect.https || secure ? 'https' : 'http'}://${redirect.host ?? request.host}${target}${suffix}`
}
