/** A deploy as a process of its own, to be killed: argv DIR PORT DELAY. Prints `part` as parts start and `done` at the end. */
import {pathToFileURL} from 'node:url'
import {systemClock} from '../../src/clock.ts'
import {runGraph} from '../../src/engine/run-graph.ts'
import {selfMark} from '../../src/process.ts'
import {readLedger, recordNode} from '../../src/store/documents.ts'
import {acquireLock} from '../../src/store/lock.ts'
import {openStore} from '../../src/store/open.ts'
import {graphRun, labWorkspace, thingStack} from './lab.ts'

const [dir, port, delay] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)
const store = openStore({url: pathToFileURL(dir!).href})
const emit = (event: {kind: string}) => say(JSON.stringify(event))
const lock = await acquireLock({
  store,
  owner: 'me',
  process: selfMark(),
  operation: 'deploy',
  run: String(process.pid),
  timeoutMs: 0,
  clock: systemClock,
  emit,
})
const delayMs = Number(delay)
const nodes = [
  thingStack('a', {
    things: () => [
      {name: 'a1', delayMs},
      {name: 'a2', delayMs},
    ],
  }),
  thingStack('b', {needs: ['a'], things: (recorded) => [{name: 'b1', delayMs, value: recorded.a?.names}]}),
  thingStack('c', {things: () => [{name: 'c1', delayMs}]}),
]
const result = await runGraph(
  graphRun(nodes, await labWorkspace(dir!, Number(port)), emit, {
    ...(await readLedger(store)),
    assertHeld: lock.assertHeld,
    record: (name, entry) => recordNode(store, name, {...entry, at: Date.now()}),
  }),
)
await lock.release()
say(result.ok ? 'done' : `failed ${JSON.stringify(result.nodes)}`)
