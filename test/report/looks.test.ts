import {expect, test} from 'vitest'
import {graphDot, graphMermaid, graphTree} from '../../src/report/graph.ts'
import {lockLines, type RunSeen, runLines} from '../../src/report/runs.ts'
import {colourless} from '../../src/report/style.ts'

const NODES = [
  {name: 'foundation', kind: 'stack', needs: []},
  {name: 'migration', kind: 'step', needs: ['foundation']},
  {name: 'app', kind: 'stack', needs: ['foundation', 'migration']},
] as const
const call = (command: string) => `ha ${command}`
const NOW = Date.UTC(2026, 0, 1, 12)

test('the graph as text is indented by waves', () => {
  expect(graphTree(NODES, colourless).slice(0, 3)).toEqual([
    'foundation',
    '  (migration)  after foundation',
    '    app        after foundation, migration',
  ])
})

test('the graph in Mermaid and DOT has every node and every edge', () => {
  expect(graphMermaid(NODES)).toEqual([
    'flowchart LR',
    '  n0["foundation"]',
    '  n1(["migration"])',
    '  n2["app"]',
    '  n0 --> n1',
    '  n0 --> n2',
    '  n1 --> n2',
  ])
  expect(graphDot(NODES).filter((line) => line.includes('->'))).toHaveLength(3)
})

const HOLDER = {owner: 'ada', host: 'laptop', pid: 7, operation: 'deploy', since: NOW - 90_000, heartbeat: NOW - 2000}

test('a lock says who holds it, since when, and what to do when they are gone', () => {
  expect(lockLines(undefined, NOW, call, colourless)).toEqual(['✔ Nobody holds it.'])
  expect(lockLines({...HOLDER, dead: false}, NOW, call, colourless)).toEqual([
    'ada on laptop runs deploy (process 7), begun 1 min 30 s ago.',
    'Last sign of life 2.0 s ago.',
  ])
  expect(lockLines({...HOLDER, dead: true}, NOW, call, colourless).join('\n')).toContain('ha lock release')
})

const RUN: RunSeen = {id: 'r1', operation: 'deploy', owner: 'ada', startedAt: NOW - 60_000, active: false}

test.each<[string, Partial<RunSeen>, string]>([
  ['ended well', {finishedAt: NOW - 30_000, ok: true}, '30 s  done'],
  ['failed', {finishedAt: NOW - 30_000, ok: false, code: 'STACK_FAILED'}, '30 s  STACK_FAILED'],
  ['is at work', {active: true}, '1 min  at work'],
  ['was killed', {}, '–     cut short'],
])('a run that %s is listed as such', (_, over, shown) => {
  expect(runLines([{...RUN, ...over}], NOW, call, colourless)[1]).toMatch(new RegExp(`${shown}$`))
})

test('without runs the list says how to make the first', () => {
  expect(runLines([], NOW, call, colourless)).toEqual(['No run is recorded. → ha deploy'])
})
