/** A rule about a platform's resources: a sentence, what breaks it, and a way to break it that it must notice. */
import type {Graph, Inputs, Resource} from './graph.ts'

export interface Rule {
  readonly says: string
  /** What is wrong, each as `resource: reason`; empty when the rule holds. */
  violations(graph: Graph): readonly string[]
  /** Plants a violation in a copy; undefined when the platform has nothing the rule is about. */
  plant(copy: Resources): boolean
}

/** Resources of a copied graph, free to be spoiled. */
export type Resources = Mutable[]
export type Mutable = {-readonly [K in keyof Resource]: Resource[K]}

export const shown = ({stack, type, name}: Resource) => `${stack} ${type.split(':').at(-1)} ${name}`

export const of = <R extends Resource>(resources: readonly R[], ...kinds: readonly string[]): R[] =>
  resources.filter(({type}) => kinds.includes(type.split(':').at(-1)!))

/** A rule about each resource of some kinds. `reason`: undefined when it keeps the rule. */
export function each(
  says: string,
  kinds: readonly string[],
  reason: (inputs: Inputs, resource: Resource, graph: Graph) => string | undefined | false,
  spoil: (inputs: Inputs, resource: Mutable) => void,
  applies: (resource: Resource) => boolean = () => true,
): Rule {
  return {
    says,
    violations: (graph) =>
      of(graph.resources, ...kinds)
        .filter(applies)
        .flatMap((resource) => {
          const wrong = reason(resource.inputs, resource, graph)
          return wrong ? [`${shown(resource)}: ${wrong}`] : []
        }),
    plant: (copy) => {
      const [victim] = of(copy, ...kinds).filter(applies)
      if (!victim) return false
      spoil(victim.inputs, victim)
      return true
    },
  }
}

/** First and last address of a CIDR block, as numbers. */
export function boundsOf(cidr: string): readonly [number, number] {
  const [address, bits] = cidr.split('/') as [string, string]
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return [first, first + 2 ** (32 - Number(bits)) - 1]
}
