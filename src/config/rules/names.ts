/** Names in the cloud are joined of app, environment, region and more; each join has its limit. */
import {NAME_LIMITS, type NameLimit, type Naming} from '../limits.ts'
import type {Path} from '../located.ts'
import {type Rule, type Scope, servicesOf} from './rule.ts'

export const namesFit: Rule = (scope) => {
  for (const limit of NAME_LIMITS) {
    const worst = longest(scope, limit)
    if (!worst || worst.name.length <= limit.max) continue
    const over = worst.name.length - limit.max
    const message = `The ${limit.what} would be called ${worst.name}: ${worst.name.length} characters where the cloud takes ${limit.max}. Shorten ${blameWords(limit)} by ${over}.`
    scope.report({code: 'NAME_TOO_LONG', path: worst.blame, of: worst.of, message})
  }
}

const blameWords = (limit: NameLimit) =>
  limit.parts
    .filter((part) => part !== 'region')
    .join(', ')
    .replace(/, (\w+)$/, ' or $1')

interface Worst {
  readonly name: string
  readonly blame: Path
  readonly of: 'key' | 'value'
}

/** The longest name of a kind, and the part that is most the person's own choice. */
function longest({draft, environment, target}: Scope, limit: NameLimit): Worst | undefined {
  if (draft.app === undefined || limit.applies?.(draft) === false) return undefined
  const most = (names: readonly (string | undefined)[]) =>
    names.reduce<string>((best, name) => (name !== undefined && name.length > best.length ? name : best), '')
  const negServices = servicesOf(draft).filter(
    ([, {type}]) => type === 'http' || limit.what !== 'network endpoint group',
  )
  const parts: Naming = {
    app: draft.app,
    environment,
    region: most(draft.regions ?? []),
    service: most(negServices.map(([name]) => name)),
    queue: most(Object.keys(draft.queues ?? {})),
    secret: most(draft.secrets ?? []),
    project: draft.project ?? (target === 'local' ? `${draft.app}-local` : ''),
  }
  if (limit.parts.some((part) => parts[part] === '')) return undefined
  const name = limit.nameOf(parts)
  if (limit.parts.includes('service')) return {name, blame: ['services', parts.service], of: 'key'}
  if (limit.parts.includes('queue')) return {name, blame: ['queues', parts.queue], of: 'key'}
  if (limit.parts.includes('secret'))
    return {name, blame: ['secrets', draft.secrets?.indexOf(parts.secret) ?? 0], of: 'value'}
  return {name, blame: ['app'], of: 'value'}
}
