/**
 * ha.yaml → Config, or every problem at once. Pure: text in, value out.
 *
 *   text → located values → per environment: overrides laid over → shape (zod) → rules → Config
 *
 * Every environment is checked, whichever is asked for: what is wrong for production is best known while rehearsing.
 */
import type {Config} from './config.ts'
import {parseYaml} from './document.ts'
import {type Environment, environmentsOf, placeOf} from './environments.ts'
import {childOf, type Located, offsetOf, type Path} from './located.ts'
import {nearest} from './nearest.ts'
import {applyOverrides, type Flag, parseOverrides} from './overrides.ts'
import {type Fault, type Problem, placeProblems} from './problems.ts'
import {type Context, resolveConfig} from './resolve.ts'
import {RULES} from './rules/index.ts'
import type {Report} from './rules/rule.ts'
import {checkShape, type Shape} from './shape.ts'
import {show} from './show.ts'

export interface ParseOptions {
  /** Name of the file, as problems show it. */
  readonly file: string
  /** Folder of the file, absolute. */
  readonly baseDir: string
  /** Environment to resolve; the file's first by default. */
  readonly environment?: string
  /** Settings for this run alone, each `PATH=VALUE`; laid over the chosen environment. */
  readonly overrides?: readonly string[]
}

export type Parsed = {readonly config: Config} | {readonly problems: readonly Problem[]}

export function parseConfig(text: string, {file, baseDir, environment, overrides = []}: ParseOptions): Parsed {
  const refuse = (faults: readonly Fault[], flags: readonly Flag[] = []) => ({
    problems: placeProblems(text, file, faults, flags),
  })
  const {root, faults} = parseYaml(text)
  if (!root) return refuse(faults)
  const version = versionFault(root)
  if (version?.code === 'VERSION_UNSUPPORTED') return refuse([...faults, version])
  const found = environmentsOf(root)
  const chosen = environment ?? found.environments[0]?.name
  const before = found.environments.find(({name}) => name === chosen)
  const set = parseOverrides(overrides, text.length, before?.root ?? found.base)
  const laid = found.environments.map((each) =>
    each === before ? {...each, root: applyOverrides(each.root, set)} : each,
  )
  const checked = laid.map((each) => checkEnvironment(each, baseDir))
  const all = [
    ...set.faults,
    ...faults,
    ...(version ? [version] : []),
    ...found.faults,
    ...mergeFaults(checked, baseFaults(found.base), text.length),
    ...unknownEnvironment(root, found.environments, environment),
  ]
  const config = checked.find(({name}) => name === chosen)?.config
  return all.length === 0 && config ? {config} : refuse(all, set.flags)
}

interface Checked {
  readonly name: string
  readonly faults: readonly Fault[]
  readonly config?: Config
}

function checkEnvironment(environment: Environment, baseDir: string): Checked {
  const {name} = environment
  const shape = checkShape(environment)
  const faults = [...shape.faults, ...ruleFaults(environment, shape)]
  if (faults.length > 0 || !shape.settings) return {name, faults}
  const context: Context = {environment: name, baseDir}
  return {name, faults, config: resolveConfig(shape.settings, context)}
}

function ruleFaults(environment: Environment, {draft, broken}: Shape): Fault[] {
  const faults: Fault[] = []
  const isBroken = (path: Path) => broken.some((other) => areRelated(path, other))
  const report = ({code, path, of, message, instead, involves = []}: Report) => {
    if ([path, ...involves].some(isBroken)) return
    faults.push({code, message, offset: placeOf(environment, path, of), ...(instead !== undefined && {instead})})
  }
  const scope = {
    environment: environment.name,
    draft,
    preset: draft.preset ?? ('standard' as const),
    target: draft.target,
    report,
  }
  for (const rule of RULES) rule(scope)
  return faults
}

/** Whether one path leads to or through the other. */
const areRelated = (a: Path, b: Path) => a.slice(0, b.length).every((step, index) => step === b[index])

/** What is misshapen even where every environment overrides it. What is missing may still come from an environment. */
const baseFaults = (base: Located): Fault[] =>
  checkShape({name: '', at: base.at, root: base}).faults.filter(({code}) => code !== 'KEY_MISSING')

/** One fault shown once; where only some environments have it, it says which. Beyond `end` lie flags, which are of one alone. */
function mergeFaults(checked: readonly Checked[], common: readonly Fault[], end: number): Fault[] {
  const keyOf = ({code, offset, message}: Fault) => `${code} ${offset} ${message}`
  const told = new Set(common.map(keyOf))
  const merged = new Map<string, {fault: Fault; names: string[]}>()
  for (const {name, faults} of checked) {
    for (const fault of faults) {
      const key = keyOf(fault)
      if (told.has(key)) continue
      const known = merged.get(key)
      if (known) known.names.push(name)
      else merged.set(key, {fault, names: [name]})
    }
  }
  const some = [...merged.values()].map(({fault, names}) => {
    const isCommon =
      names.length === checked.length || fault.offset > end || fault.message.includes(`environment ${names[0]}`)
    return isCommon ? fault : {...fault, message: `${fault.message.replace(/\.$/, '')} (in ${names.join(', ')}).`}
  })
  return [...common, ...some]
}

/** Versions this ha reads. A later ha adds `2` here beside the step that lifts a file of version 1 to it. */
const READS = [1]

function versionFault(root: Located): Fault | undefined {
  const version = childOf(root, 'version')
  if (!version) {
    const message = 'version is missing; it says which format the file is written in.'
    return {code: 'VERSION_MISSING', message, offset: root.at, instead: 'version: 1'}
  }
  const value = version.kind === 'scalar' ? version.value : undefined
  if (typeof value === 'number' && READS.includes(value)) return undefined
  const isFuture = typeof value === 'number' && value > Math.max(...READS)
  const message = isFuture
    ? `version ${value} is newer than this ha, which reads version ${READS.join(', ')}. Update ha, or see the release notes of version ${value} for what to take back.`
    : `version is ${version.kind === 'scalar' ? show(value) : `a ${version.kind}`}; this ha reads version ${READS.join(', ')}.`
  return {code: 'VERSION_UNSUPPORTED', message, offset: version.at, instead: `${READS.at(-1)}`}
}

function unknownEnvironment(root: Located, environments: readonly Environment[], asked: string | undefined): Fault[] {
  if (asked === undefined || environments.length === 0 || environments.some(({name}) => name === asked)) return []
  const names = environments.map(({name}) => name)
  const meant = nearest(asked, names)
  const hint = meant ? `Did you mean ${meant}?` : `There is ${names.join(', ')}.`
  const message = `There is no environment ${asked}. ${hint}`
  return [
    {
      code: 'ENVIRONMENT_UNKNOWN',
      message,
      offset: offsetOf(root, ['environments'], 'key'),
      ...(meant && {instead: meant}),
    },
  ]
}
