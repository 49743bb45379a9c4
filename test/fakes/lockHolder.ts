/** Takes the lock of the store at argv[2] and prints `held <fence>`, or `refused <code>`; holds it until SIGTERM, argv[3] ms to wait. */
import {systemClock} from '../../src/clock.ts'
import {selfMark} from '../../src/process.ts'
import {acquireLock} from '../../src/store/lock.ts'
import {openStore} from '../../src/store/open.ts'

const lock = await acquireLock({
  store: openStore({url: process.argv[2]!}),
  owner: 'racer',
  process: selfMark(),
  operation: 'deploy',
  run: `run-${process.pid}`,
  timeoutMs: Number(process.argv[3] ?? 0),
  clock: systemClock,
  emit: () => {},
}).catch((error) => {
  process.stdout.write(`refused ${error.code}\n`)
  process.exit(0)
})
process.stdout.write(`held ${lock.fence}\n`)
const alive = setInterval(() => {}, 1000)
process.once('SIGTERM', () => {
  clearInterval(alive)
  lock.release()
})
