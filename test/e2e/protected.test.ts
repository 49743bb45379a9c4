/** The real engine before what is protected, by Pulumi and by the provider. */
import {afterEach, beforeEach, expect, test} from 'vitest'
import {guardedIn} from '../../src/engine/guards.ts'
import {type GraphRun, runGraph} from '../../src/engine/run-graph.ts'
import {HaError} from '../../src/errors.ts'
import {type Lab, openLab, thingStack, withoutEngine} from '../fakes/lab.ts'

const realTest = test.skipIf(withoutEngine)

let lab: Lab
beforeEach(async () => {
  if (!withoutEngine) lab = await openLab()
})
afterEach(() => lab?.close())

const NODES = [
  thingStack('data', {things: () => [{name: 'db', protect: true, deletionProtection: true}]}),
  thingStack('app', {needs: ['data'], things: () => [{name: 'ns', protect: true}]}),
]
const hows = ({nodes}: Awaited<ReturnType<typeof runGraph>>) =>
  Object.fromEntries(nodes.map(({name, how}) => [name, how]))

realTest(
  'what is protected goes only when that is lifted, a stack at a time; after a destroy that was cut off a deploy protects it again',
  async () => {
    const first = await runGraph(lab.run(NODES))
    const known = {recorded: first.recorded, fingerprints: first.fingerprints}

    const kept = await runGraph(lab.run(NODES, {operation: 'destroy', ...known}))
    expect(hows(kept)).toEqual({app: 'failed', data: 'left-out'})
    expect(kept.nodes.flatMap(({problems}) => problems.map(({code}) => code))).toContain('PROTECTED')

    const asked: unknown[] = []
    const unprotect: GraphRun['unprotect'] = async (stack, resources) => {
      asked.push([stack, resources.map(({id}) => id)])
      if (stack === 'data') throw new HaError('CLOUD_UNREACHABLE', 'The database API does not answer.')
    }
    const cut = await runGraph(lab.run(NODES, {operation: 'destroy', ...known, unprotect}))
    expect(hows(cut)).toEqual({app: 'done', data: 'failed'})
    expect(asked).toEqual([
      ['app', ['ns']],
      ['data', ['db']],
    ])
    expect(lab.things()).toEqual(['db'])
    expect(guardedIn(await lab.workspace.state.read('data'))).toHaveLength(1)

    const again = await runGraph(lab.run(NODES, {recorded: cut.recorded, fingerprints: cut.fingerprints}))
    expect(hows(again)).toEqual({data: 'done', app: 'done'})
    const after = {recorded: again.recorded, fingerprints: again.fingerprints}
    expect(await runGraph(lab.run(NODES, {operation: 'destroy', ...after, unprotect: async () => {}}))).toMatchObject({
      ok: true,
      recorded: {},
    })
    expect(lab.things()).toEqual([])
  },
)
