/** The gcp provider: checks, defaults, differences and previews for the resource types that the emulator's services bring. */
import {randomBytes} from 'node:crypto'
import type {Props, ResourceType} from '../contract.ts'
import {breaches, type Constraints} from './constraints.ts'
import {type Change, diffInputs} from './diff.ts'
import {refreshInputs} from './refresh.ts'
import type {Schema} from './schema.ts'
import type {Provider, Resource, Session} from './session.ts'
import {equal, hasUnknown, isObject, isUnknown, mapValues, UNKNOWN, valueAt} from './values.ts'

export interface GcpOptions {
  readonly version: string
  readonly schema: Schema
  readonly constraints: Readonly<Record<string, Constraints>>
  readonly types: ReadonlyMap<string, ResourceType>
  /** Told the project of every configured provider. */
  readonly onProject?: (project: string) => void
}

/** Inputs the provider itself filled in; kept in the inputs as the real one does. */
const DEFAULTS = '__defaults'

export function createGcpProvider(options: GcpOptions): Provider {
  return {name: 'gcp', version: options.version, connect: () => createSession(options)}
}

function createSession({schema, constraints, types, onProject}: GcpOptions): Session {
  let config: Props = {}

  const typeOf = (token: string) => {
    const type = types.get(token)
    const known = schema.resource(token)
    if (!type || !known) throw new Error(`The emulator does not know the resource type ${token}.`)
    return {type, known}
  }

  /** The two outputs every labelled type has. Source: https://www.pulumi.com/registry/packages/gcp/installation-configuration/ (defaultLabels) */
  const labels = (token: string, inputs: Props): Props => {
    if (!typeOf(token).known.computed.includes('effectiveLabels')) return {}
    if (isUnknown(inputs.labels)) return {pulumiLabels: UNKNOWN, effectiveLabels: UNKNOWN}
    const given = {...(config.defaultLabels as Props | undefined), ...(inputs.labels as Props | undefined)}
    const attribution = config.addPulumiAttributionLabel === false ? {} : {'goog-pulumi-provisioned': 'true'}
    return {pulumiLabels: given, effectiveLabels: {...given, ...attribution}}
  }

  /** What the provider itself adds to the outputs of a service. */
  const additions = (token: string, inputs: Props): Props => {
    const hasPolicy = typeOf(token).known.computed.includes('deletionPolicy')
    return {...(hasPolicy && {deletionPolicy: inputs.deletionPolicy ?? 'DELETE'}), ...labels(token, inputs)}
  }

  const preview = (token: string, inputs: Props): {id: string; outputs: Props} => {
    const {type, known} = typeOf(token)
    const {id = '', ...derived} = knownOutputs(type, inputs)
    const missing = known.computed.filter((name) => inputs[name] === undefined)
    const computed = Object.fromEntries(missing.map((name) => [name, UNKNOWN]))
    return {
      id: isUnknown(id) ? '' : String(id),
      outputs: {...computed, ...inputs, ...derived, ...labels(token, inputs)},
    }
  }

  return {
    checkConfig: (news) => schema.checkConfig(parseConfig(news)),
    // The real provider's project and region are defaults of its resources: changing them replaces those, not the provider.
    diffConfig: () => [],
    async configure(args) {
      config = parseConfig(args)
      if (typeof config.project === 'string' && !isUnknown(config.project)) onProject?.(config.project)
    },

    async check({token, name, olds, news, seed}) {
      const {type, known} = typeOf(token)
      const inputs = withDefaults({name, olds, news, seed, config, accepts: known.inputs})
      const failures = [...schema.check(token, inputs), ...projectFailure(known.inputs, inputs)]
      if (failures.length > 0) return {inputs, failures}
      // Of what was given: the provider fills in nothing that would break its own rules.
      const broken = breaches(constraints[token] ?? {}, withoutDefaults(news))
      const further = [...broken, ...(type.check?.(withoutDefaults(inputs)) ?? [])]
      return {inputs, failures: further.filter(({property}) => !hasUnknown(valueAt(inputs, property)))}
    },

    async diff({token, outputs, olds, news, ignoreChanges}) {
      const {type} = typeOf(token)
      const fixed = ['project', ...(constraints[token]?.immutable ?? []), ...(type.immutable ?? [])]
      const inputChanges = diffInputs(olds, news, fixed, ignoreChanges)
      const replaces = inputChanges.map((change) => ({...change, replaces: change.replaces || !type.update}))
      const changes = [...replaces, ...labelChanges(outputs, labels(token, news))]
      return {changes, deleteBeforeReplace: changes.some((change) => change.replaces) && namedByUser(olds, news)}
    },

    async create({token, preview: isPreview, inputs: given}) {
      const inputs = withoutDefaults(given)
      if (isPreview) return preview(token, inputs)
      const {id, outputs} = await typeOf(token).type.create(inputs)
      return {id, outputs: {...outputs, ...additions(token, inputs)}}
    },

    async read({token, id, outputs: old, inputs}) {
      const {type, known} = typeOf(token)
      const found = await type.read(id)
      if (!found) return undefined
      const {pulumiLabels, effectiveLabels, deletionPolicy} = old
      const added = Object.entries({pulumiLabels, effectiveLabels, deletionPolicy})
      const outputs = {...found, ...Object.fromEntries(added.filter(([, value]) => value !== undefined))}
      if (Object.keys(inputs).length > 0) return {id, outputs, inputs: refreshInputs(inputs, found) as Props}
      // An import: nothing is known of what was asked for, so everything that can be asked for counts.
      const accepted = Object.entries(found).filter(([name]) => name in known.inputs || `${name}!` in known.inputs)
      return {id, outputs: {...found, ...additions(token, found)}, inputs: Object.fromEntries(accepted)}
    },

    async update({token, id, preview: isPreview, outputs, inputs: given}) {
      const inputs = withoutDefaults(given)
      const {type, known} = typeOf(token)
      if (!isPreview) {
        if (!type.update) throw new Error(`${token} cannot be changed in place.`)
        return {...(await type.update(id, outputs, inputs)), ...additions(token, inputs)}
      }
      const isComputed = (name: string) => !(name in known.inputs) || known.computed.includes(name)
      const kept = Object.entries(outputs).filter(([name]) => isComputed(name))
      const {id: _, ...derived} = knownOutputs(type, inputs, id)
      // What Google chose stays, unless an input that is still unknown may change it.
      const settled = hasUnknown(inputs) ? derived : (fillUnknown(derived, outputs) as Props)
      return {...Object.fromEntries(kept), ...inputs, ...settled, ...additions(token, inputs)}
    },

    async delete({token, id, outputs}) {
      // Source: the field's own description, e.g. https://www.pulumi.com/registry/packages/gcp/api-docs/container/nodepool/
      if (outputs.deletionPolicy === 'PREVENT') {
        const type = token.slice(token.lastIndexOf(':') + 1)
        throw new Error(
          `cannot destroy ${type} without setting deletion_policy="DELETE" and running \`terraform apply\``,
        )
      }
      if (outputs.deletionPolicy === 'ABANDON') return
      await typeOf(token).type.delete(id, outputs)
    },
  }
}

/** `known` with every text that was made of something unknown made unknown itself. */
function knownOutputs(type: ResourceType, inputs: Props, id?: string): Props {
  const settle = (value: unknown): unknown => {
    if (typeof value === 'string') return value.includes(UNKNOWN) ? UNKNOWN : value
    if (Array.isArray(value)) return value.map(settle)
    return typeof value === 'object' && value !== null ? mapValues(value as Props, settle) : value
  }
  return mapValues(type.known?.(inputs, id) ?? {}, settle)
}

/** `value` with what is unknown in it taken from `old`, where that has it. */
function fillUnknown(value: unknown, old: unknown): unknown {
  if (isUnknown(value)) return old ?? value
  if (!isObject(value) || !isObject(old)) return value
  return mapValues(value, (item, key) => fillUnknown(item, old[key]))
}

/** The SDK sends nested configuration, and booleans, as JSON texts. */
function parseConfig(config: Props): Props {
  return mapValues(config, (value) => {
    if (typeof value !== 'string' || !/^(\{|\[|true$|false$|\d+$)/.test(value)) return value
    try {
      return JSON.parse(value)
    } catch {
      return value
    }
  })
}

interface Unfinished extends Pick<Resource, 'name'> {
  readonly olds: Props | undefined
  readonly news: Props
  readonly seed: Uint8Array
  readonly config: Props
  readonly accepts: Readonly<Record<string, string>>
}

/** Fills in what the provider decides: a name of its own for what was given none, the configured project, region and zone. */
function withDefaults({name, olds, news, seed, config, accepts}: Unfinished): Props {
  const filled: Props = {}
  if ('name' in accepts && news.name === undefined) {
    const before = ((olds?.[DEFAULTS] ?? []) as string[]).includes('name') ? olds?.name : undefined
    filled.name = before ?? `${(news.namePrefix as string) ?? `${name}-`}${suffix(seed)}`
  }
  for (const key of ['project', 'region', 'zone']) {
    if (key in accepts && news[key] === undefined && config[key] !== undefined) filled[key] = config[key]
  }
  const names = Object.keys(filled)
  return {...(names.length > 0 && {[DEFAULTS]: names}), ...news, ...filled}
}

function withoutDefaults({[DEFAULTS]: _, ...inputs}: Props): Props {
  return inputs
}

function suffix(seed: Uint8Array): string {
  return Buffer.from(seed.length >= 4 ? seed : randomBytes(4))
    .toString('hex')
    .slice(0, 7)
}

function projectFailure(accepts: Readonly<Record<string, string>>, inputs: Props) {
  if (!('project' in accepts) || inputs.project !== undefined) return []
  return [{property: 'project', reason: 'required field is not set: give it here or to the provider'}]
}

function labelChanges(outputs: Props, now: Props): Change[] {
  const old = outputs.effectiveLabels
  if (now.effectiveLabels === undefined || old === undefined || equal(old, now.effectiveLabels)) return []
  return [{path: ['effectiveLabels'], kind: 'update', replaces: false}]
}

/**
 * Two things of one name cannot exist, so what the program named is deleted before its replacement is made.
 * Source: https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/provider.go (nameRequiresDeleteBeforeReplace)
 */
function namedByUser(olds: Props, news: Props): boolean {
  if (((news[DEFAULTS] ?? []) as string[]).includes('name')) return false
  return news.name !== undefined && equal(olds.name, news.name)
}
