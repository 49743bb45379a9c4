/** YAML text → located values, bounded: no file, however hostile, may take the process down or keep it busy. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml'
import type {Entry, Located} from './located.ts'
import type {Fault, ProblemCode} from './problems.ts'

/** A large real file has a few hundred lines; these leave room for a thousand services. */
const LIMITS = {characters: 256 * 1024, depth: 40, nodes: 20_000} as const

/** The root map, or every reason there is none. Faults beside a root are those that leave the rest readable. */
export function parseYaml(text: string): {root?: Located; faults: Fault[]} {
  const {value, faults} = parseYamlValue(text)
  if (!value) return {faults}
  if (value.kind === 'scalar' && value.value === null) return {faults: [...faults, EMPTY]}
  if (value.kind === 'map') return {root: value, faults}
  const message = 'The file must be a map of settings, `key: value` on each line.'
  return {faults: [...faults, {code: 'FILE_NOT_A_MAP', message, offset: value.at}]}
}

/** Any one value, or every reason it cannot be read. */
export function parseYamlValue(text: string): {value?: Located; faults: Fault[]} {
  const refusal = refuse(text)
  if (refusal) return {faults: [refusal]}
  try {
    // uniqueKeys compares every key with every other one; the reader below finds duplicates in one pass.
    return readDocument(parseDocument(text, {prettyErrors: false, uniqueKeys: false}))
  } catch (error) {
    if (error instanceof RangeError) return {faults: [TOO_DEEP]}
    throw error
  }
}

const TOO_DEEP: Fault = {code: 'FILE_TOO_DEEP', message: 'The file nests too deeply to be an ha.yaml.', offset: 0}

function refuse(text: string): Fault | undefined {
  const nul = text.indexOf('\0')
  if (nul !== -1) return {code: 'FILE_NOT_TEXT', message: 'The file holds a NUL byte; it is not text.', offset: nul}
  if (text.length > LIMITS.characters) {
    return {code: 'FILE_TOO_LARGE', message: `The file is larger than ${LIMITS.characters / 1024} KiB.`, offset: 0}
  }
  return undefined
}

const EMPTY: Fault = {
  code: 'FILE_EMPTY',
  message: 'The file holds no settings; `ha init` writes a working one.',
  offset: 0,
  instead: 'version: 1',
}

function readDocument(document: Document.Parsed): {value?: Located; faults: Fault[]} {
  const {errors, warnings, contents} = document
  // The parser gives up where its own stack ends.
  if (errors.some(({code}) => code === 'RESOURCE_EXHAUSTION')) return {faults: [TOO_DEEP]}
  // What follows a syntax error is guesswork, so that nothing but the syntax is judged.
  if (errors.length > 0) return {faults: errors.slice(0, 50).map((error) => syntaxFault(error, 'YAML_SYNTAX'))}
  const faults = warnings.map((warning) => syntaxFault(warning, 'YAML_TAG'))
  const reader = new Reader(document, faults)
  const value = reader.read(contents, 0)
  return reader.isExhausted ? {faults} : {value, faults}
}

const syntaxFault = ({message, pos}: YAMLParseError | YAMLWarning, code: ProblemCode): Fault => ({
  code,
  message: sentence(message),
  offset: pos[0],
})

const sentence = (message: string) => (/[.!?]$/.test(message) ? message : `${message}.`)

/** Walks the nodes once per use, counting: what aliases multiply is paid for in nodes, and there is a last one. */
class Reader {
  readonly #targets: ReadonlyMap<Alias, Node>
  readonly #faults: Fault[]
  readonly #open = new Set<Node>()
  #nodes = 0

  constructor(document: Document.Parsed, faults: Fault[]) {
    this.#targets = aliasTargets(document)
    this.#faults = faults
  }

  get isExhausted(): boolean {
    return this.#nodes > LIMITS.nodes
  }

  read(node: unknown, at: number, depth = 0): Located {
    const where = rangeStart(node) ?? at
    const nothing: Located = {kind: 'scalar', at: where, value: null}
    if (depth > LIMITS.depth) return this.#fault({...TOO_DEEP, offset: where}, nothing)
    if (++this.#nodes === LIMITS.nodes) {
      const message = 'Aliases expand this file beyond reason.'
      return this.#fault({code: 'ALIAS_EXPLOSION', message, offset: where}, nothing)
    }
    if (this.isExhausted) return nothing
    if (isAlias(node)) return this.#follow(node, nothing, depth)
    if (isScalar(node)) return {kind: 'scalar', at: where, value: node.value}
    if (isSeq(node)) {
      return this.#inside(node, () => ({
        kind: 'list',
        at: where,
        items: node.items.map((item) => this.read(item, where, depth + 1)),
      }))
    }
    if (isMap(node)) return this.#inside(node, () => this.#readMap(node, where, depth))
    return nothing
  }

  #follow(alias: Alias, nothing: Located, depth: number): Located {
    const offset = nothing.at
    const target = this.#targets.get(alias)
    if (!target) {
      const message = `Nothing before this is anchored as &${alias.source}.`
      return this.#fault({code: 'ALIAS_UNKNOWN', message, offset}, nothing)
    }
    if (!this.#open.has(target)) return this.read(target, offset, depth + 1)
    return this.#fault({code: 'ALIAS_LOOP', message: 'This alias stands for what it is part of.', offset}, nothing)
  }

  #inside(node: Node, read: () => Located): Located {
    this.#open.add(node)
    const located = read()
    this.#open.delete(node)
    return located
  }

  #readMap(map: YAMLMap, at: number, depth: number): Located {
    const own = new Map<string, Entry>()
    const merged = new Map<string, Entry>()
    for (const pair of map.items) {
      const keyAt = rangeStart(pair.key) ?? at
      const key = this.#keyOf(pair, keyAt)
      if (key === undefined) continue
      if (own.has(key))
        this.#faults.push({code: 'KEY_DUPLICATE', message: `"${key}" is here a second time.`, offset: keyAt})
      const value = this.read(pair.value, keyAt, depth + 1)
      if (key === '<<') this.#merge(value, merged, keyAt)
      else own.set(key, {at: keyAt, value})
    }
    return {kind: 'map', at, entries: new Map([...merged, ...own])}
  }

  #keyOf(pair: Pair, at: number): string | undefined {
    const key = pair.key
    const text = isScalar(key) ? (typeof key.value === 'string' ? key.value : (key.source ?? '')) : ''
    if (text !== '' && text !== '__proto__') return text
    return this.#fault({code: 'KEY_NOT_TEXT', message: 'A key must be plain text.', offset: at}, undefined)
  }

  /** YAML 1.1's merge key, which people use with anchors: earlier maps win, the map's own keys win over all. */
  #merge(value: Located, into: Map<string, Entry>, at: number): void {
    const sources = value.kind === 'list' ? value.items : [value]
    for (const source of sources) {
      if (source.kind !== 'map') {
        const known = source.kind === 'scalar' && source.value === null && this.#faults.length > 0
        const message = 'A merge key (<<) takes an alias of a map, or a list of them.'
        if (!known) this.#faults.push({code: 'MERGE_INVALID', message, offset: at, instead: '<<: *anchor'})
        continue
      }
      for (const [key, entry] of source.entries) if (!into.has(key)) into.set(key, entry)
    }
  }

  #fault<T>(fault: Fault, result: T): T {
    this.#faults.push(fault)
    return result
  }
}

/** What each alias stands for: the nearest node before it with that anchor. One pass, where Alias.resolve would take one each. */
function aliasTargets(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source)
        if (target) targets.set(node, target)
      } else if (node.anchor) anchors.set(node.anchor, node)
    },
  })
  return targets
}

const rangeStart = (node: unknown): number | undefined =>
  node && typeof node === 'object' && 'range' in node && Array.isArray(node.range) ? Number(node.range[0]) : undefined
