/** What columns are made of (pkg/printers/internalversion/printers.go). */
import type {Json, KubeObject, Selector} from './objects.ts'
import type {Column} from './table.ts'

type Value = (object: KubeObject, now: Date) => Json

export const text = (name: string, value: Value): Column => ({name, type: 'string', priority: 0, value})
export const count = (name: string, value: Value): Column => ({
  name,
  type: 'integer',
  priority: 0,
  value: (object, now) => value(object, now) ?? 0,
})
export const wide = (name: string, value: Value): Column => ({name, type: 'string', priority: 1, value})

export const NAME = text('Name', ({metadata}) => metadata.name)
export const AGE = text('Age', ({metadata}, now) => since(metadata.creationTimestamp, now))

/** `5d2h`, `3m20s`, as duration.HumanDuration shortens it. */
export function since(time: string | undefined | null, now: Date): string {
  return time ? human(Math.max(0, Math.floor((now.getTime() - Date.parse(time)) / 1000))) : '<unknown>'
}

export function human(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  const years = Math.floor(days / 365)
  const both = (whole: number, unit: string, rest: number, small: string) =>
    `${whole}${unit}${rest > 0 ? `${rest}${small}` : ''}`
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return both(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  return years < 8 ? both(years, 'y', days % 365, 'd') : `${years}y`
}

export const listed = (values: readonly Json[]): string => values.join(',')
export const orNone = (value: Json): string =>
  value === undefined || value === null || value === '' ? '<none>' : String(value)

export function labelsText(labels: Json): string {
  return orNone(listed(Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)))
}

export function selectorText({matchLabels = {}, matchExpressions = []}: Selector = {}): string {
  const words: Record<string, string> = {In: 'in', NotIn: 'notin'}
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const rest = matchExpressions.map(({key, operator, values = []}) => {
    if (operator === 'Exists') return key
    return operator === 'DoesNotExist' ? `!${key}` : `${key} ${words[operator]} (${values.join(',')})`
  })
  return orNone(listed([...labels, ...rest]))
}

const containersOf = ({spec}: KubeObject): Json[] => spec?.template?.spec?.containers ?? []
export const CONTAINERS = wide('Containers', (object) => listed(containersOf(object).map(({name}) => name)))
export const IMAGES = wide('Images', (object) => listed(containersOf(object).map(({image}) => image)))
export const SELECTOR = wide('Selector', ({spec}) => selectorText(spec?.selector))
