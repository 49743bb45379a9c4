/** The stack graph as text, Mermaid or DOT. Pure. */
import {table} from './format.ts'
import type {Style} from './style.ts'

export interface GraphNode {
  readonly name: string
  readonly kind: 'stack' | 'step'
  readonly needs: readonly string[]
}

/** One line per node, indented by how many waves come before it. */
export function graphTree(nodes: readonly GraphNode[], style: Style): string[] {
  const waves = wavesOf(nodes)
  const ordered = nodes.toSorted((a, b) => waves.get(a.name)! - waves.get(b.name)!)
  const rows = ordered.map(({name, kind, needs}) => [
    `${'  '.repeat(waves.get(name)!)}${kind === 'stack' ? name : `(${name})`}`,
    needs.length === 0 ? '' : style('dim', `after ${needs.join(', ')}`),
  ])
  return [...table(rows), '', style('dim', 'One indent: one wave later. In brackets: a step between stacks.')]
}

/** https://mermaid.js.org/syntax/flowchart.html */
export function graphMermaid(nodes: readonly GraphNode[]): string[] {
  const ids = new Map(nodes.map(({name}, index) => [name, `n${index}`]))
  return [
    'flowchart LR',
    ...nodes.map(({name, kind}) => `  ${ids.get(name)}${kind === 'stack' ? `["${name}"]` : `(["${name}"])`}`),
    ...edgesOf(nodes).map(([from, to]) => `  ${ids.get(from)} --> ${ids.get(to)}`),
  ]
}

/** https://graphviz.org/doc/info/lang.html */
export function graphDot(nodes: readonly GraphNode[]): string[] {
  return [
    'digraph ha {',
    '  rankdir=LR',
    ...nodes.map(({name, kind}) => `  "${name}" [shape=${kind === 'stack' ? 'box' : 'ellipse'}]`),
    ...edgesOf(nodes).map(([from, to]) => `  "${from}" -> "${to}"`),
    '}',
  ]
}

const edgesOf = (nodes: readonly GraphNode[]) =>
  nodes.flatMap(({name, needs}) => needs.map((need) => [need, name] as const))

/** How many nodes must come before, one after the other. Nodes come in an order that respects `needs`. */
function wavesOf(nodes: readonly GraphNode[]): ReadonlyMap<string, number> {
  const waves = new Map<string, number>()
  for (const {name, needs} of nodes) {
    waves.set(name, Math.max(0, ...needs.map((need) => (waves.get(need) ?? 0) + 1)))
  }
  return waves
}
