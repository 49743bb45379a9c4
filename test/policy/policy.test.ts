/** The policy suite: every rule over every template × preset × number of regions, and each shown to notice a violation. */
import {describe, expect, test, vi} from 'vitest'
import type {Preset} from '../../src/config/config.ts'
import {type Graph, graphOf} from './graph.ts'
import {configOf, PRESETS, TEMPLATES, type Template} from './platforms.ts'
import {RULES} from './rules/index.ts'

vi.setConfig({testTimeout: 60_000})

interface Platform {
  readonly title: string
  readonly template: Template
  readonly preset: Preset
  readonly count: number
}

const PLATFORMS: readonly Platform[] = TEMPLATES.flatMap((template) =>
  PRESETS.flatMap((preset) =>
    // `everything` only adds what no template has; its size has been seen with two regions.
    (template === 'everything' ? [2] : [2, 3, 5]).map((count) => ({
      title: `${template}, ${preset}, ${count} regions`,
      template,
      preset,
      count,
    })),
  ),
)

const GRAPHS = new Map<string, Graph>()
for (const {title, template, preset, count} of PLATFORMS) {
  GRAPHS.set(title, await graphOf(configOf(template, preset, count)))
}

describe.each(RULES)('$says', (rule) => {
  test('holds on every platform', () => {
    const broken = [...GRAPHS].flatMap(([title, graph]) => rule.violations(graph).map((what) => `${title}: ${what}`))
    expect(broken).toEqual([])
  })

  test('notices a planted violation', () => {
    const graph = GRAPHS.get('everything, critical, 2 regions')!
    const resources = structuredClone(graph.resources) as Parameters<typeof rule.plant>[0]
    expect(rule.plant(resources), 'the platform has nothing this rule is about').toBe(true)
    expect(rule.violations({...graph, resources})).not.toEqual([])
  })
})

test('every platform has its databases, clusters and workloads in every region', () => {
  for (const {title, count} of PLATFORMS) {
    const {resources} = GRAPHS.get(title)!
    const regions = (type: string) =>
      new Set(resources.filter((each) => each.type === type).map(({stack}) => stack)).size
    expect(regions('gcp:container/cluster:Cluster'), title).toBe(count)
    // The app's and the observer's, and those of the figures where workers go by a backlog.
    const workers = GRAPHS.get(title)!.topology.metrics ? 1 : 0
    expect(regions('kubernetes:apps/v1:Deployment'), title).toBe((2 + workers) * count)
  }
})
