/** Filters over time series, as far as they are emulated: equalities joined by AND. https://cloud.google.com/monitoring/api/v3/filters */
import {failWith} from './rest.ts'

export interface SeriesFilter {
  readonly metric: string
  /** Type of the monitored resource; undefined: the metric's, whatever it is. */
  readonly resource?: string
  readonly labels: readonly LabelMatch[]
}

export interface LabelMatch {
  readonly label: string
  matches(value: string): boolean
}

const TEXT = '"[^"]*"'
const TERM = new RegExp(
  String.raw`\s*(?<path>[a-z_.]+)\s*=\s*(?:(?<call>one_of|starts_with)\s*\(\s*(?<list>${TEXT}(?:\s*,\s*${TEXT})*)\s*\)|(?<text>${TEXT}))`,
  'y',
)
/** Two terms side by side are joined all the same. */
const JOINT = /\s+(?:AND\s+)?|\s*$/y

interface Term {
  readonly path: string
  readonly call: string | undefined
  readonly values: readonly string[]
}

/** Throws 400 as the API does: for none or more than one metric type, and for anything beyond this slice. */
export function parseFilter(text: string): SeriesFilter {
  const terms = termsOf(text)
  const typesIn = (path: string) => terms.filter((it) => it.path === path && it.call === undefined)
  const [metrics, [resource]] = [typesIn('metric.type'), typesIn('resource.type')]
  if (metrics.length !== 1) refuse(text, 'The filter must specify a single metric type.')
  return {
    metric: metrics[0]!.values[0]!,
    ...(resource && {resource: resource.values[0]!}),
    labels: terms.filter((it) => it !== metrics[0] && it !== resource).map((it) => labelMatch(text, it)),
  }
}

function labelMatch(text: string, {path, call, values}: Term): LabelMatch {
  const label = /^resource\.labels?\.([a-z_]+)$/.exec(path)?.[1]
  if (label === undefined) refuse(text, `Nothing can be selected by ${path}.`)
  if (call === 'starts_with') return {label, matches: (value) => value.startsWith(values[0]!)}
  return {label, matches: (value) => values.includes(value)}
}

function termsOf(text: string): Term[] {
  const terms: Term[] = []
  let at = 0
  while (at < text.length) {
    TERM.lastIndex = at
    const groups = TERM.exec(text)?.groups
    JOINT.lastIndex = TERM.lastIndex
    if (!groups || !JOINT.test(text)) refuse(text, `It cannot be read from position ${at} on.`)
    at = JOINT.lastIndex
    const quoted = (groups.list ?? groups.text!).match(new RegExp(TEXT, 'g'))!
    terms.push({path: groups.path!, call: groups.call, values: quoted.map((value) => value.slice(1, -1))})
  }
  return terms
}

function refuse(text: string, why: string): never {
  failWith(400, `Field filter had an invalid value of "${text}": ${why}`)
}
