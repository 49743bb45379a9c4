/** Golden graphs: what each template and preset consists of, in two regions, compact enough to be read in a review. */
import {createHash} from 'node:crypto'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {type Graph, graphOf, type Resource} from './graph.ts'
import {configOf, PRESETS} from './platforms.ts'

const FOLDER = fileURLToPath(new URL('../golden/graphs', import.meta.url))

export const GOLDEN = (['minimal', 'rental'] as const).flatMap((template) =>
  PRESETS.map((preset) => ({name: `${template}-${preset}`, template, preset})),
)

const fileOf = (name: string) => join(FOLDER, `${name}.json`)

/** Stack → `type name hash` of each resource; the hash is of its inputs and of how Pulumi treats it. */
export function goldenOf({resources}: Graph): string {
  const stacks: Record<string, string[]> = {}
  for (const resource of resources) {
    stacks[resource.stack] ??= []
    stacks[resource.stack]!.push(`${resource.type} ${resource.name} ${hashOf(resource)}`)
  }
  for (const lines of Object.values(stacks)) lines.sort()
  return `${JSON.stringify(stacks, undefined, 1)}\n`
}

const hashOf = ({inputs, protect, retained, ignoreChanges, dependsOn}: Resource) =>
  createHash('sha256')
    .update(JSON.stringify(sorted({inputs, protect, ...(retained && {retained}), ignoreChanges, dependsOn})))
    .digest('hex')
    .slice(0, 8)

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

export const currentGolden = async ({template, preset}: (typeof GOLDEN)[number]): Promise<string> =>
  goldenOf(await graphOf(configOf(template, preset, 2)))

export const storedGolden = (name: string): string => readFileSync(fileOf(name), 'utf8')

export async function writeGolden(): Promise<void> {
  mkdirSync(FOLDER, {recursive: true})
  for (const golden of GOLDEN) writeFileSync(fileOf(golden.name), await currentGolden(golden))
}
