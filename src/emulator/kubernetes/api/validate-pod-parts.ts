/** Parts of a pod with rules of their own (pkg/apis/core/validation/validation.go). */
import type {Json} from './objects.ts'
import {checkEnum, checkKey, checkSelector, type Problems, subdomainProblem} from './problems.ts'

export function checkSpread(problems: Problems, constraints: Json[], at: string) {
  const seen = new Set<string>()
  for (const [index, spread] of constraints.entries()) {
    const here = `${at}[${index}]`
    const {maxSkew, topologyKey, whenUnsatisfiable, labelSelector, matchLabelKeys = []} = spread
    if (!(maxSkew > 0)) problems.wrong(`${here}.maxSkew`, maxSkew, 'must be greater than zero')
    if (!topologyKey) problems.required(`${here}.topologyKey`, 'can not be empty')
    checkEnum(problems, whenUnsatisfiable, `${here}.whenUnsatisfiable`, ['DoNotSchedule', 'ScheduleAnyway'])
    checkSelector(problems, labelSelector, `${here}.labelSelector`)
    if (matchLabelKeys.length > 0 && !labelSelector)
      problems.forbidden(`${here}.matchLabelKeys`, 'must not be specified when labelSelector is not set')
    for (const [n, key] of matchLabelKeys.entries()) checkKey(problems, key, `${here}.matchLabelKeys[${n}]`)
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`
    if (seen.has(pair)) problems.duplicate(`${here}.{topologyKey, whenUnsatisfiable}`, pair)
    seen.add(pair)
  }
}

export function checkSeccomp(problems: Problems, profile: Json, at: string) {
  if (!profile) return
  if (!profile.type) problems.required(`${at}.type`, 'type is required when seccompProfile is set')
  else checkEnum(problems, profile.type, `${at}.type`, ['Localhost', 'RuntimeDefault', 'Unconfined'])
}

/** `graceSeconds`: how long the pod may take to end. */
export function checkSleep(problems: Problems, sleep: Json, graceSeconds: number, at: string) {
  if (!sleep) return
  const {seconds} = sleep
  if (seconds < 0 || seconds > graceSeconds)
    problems.wrong(at, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)
}

/** A reference to a key of a Secret or ConfigMap. */
export function checkReference(problems: Problems, {name = '', key}: Json, at: string) {
  const problem = subdomainProblem(name)
  if (problem) problems.wrong(`${at}.name`, name, problem)
  if (!key) problems.required(`${at}.key`)
  else if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key))
    problems.wrong(`${at}.key`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'")
}

const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage'])

export function checkResourceName(problems: Problems, name: string, at: string) {
  if (STANDARD.has(name) || name.startsWith('hugepages-') || name.includes('/')) return
  problems.wrong(at, name, 'must be a standard resource for containers')
}
