/** `node pubsub-host.ts DIR PORT`: the emulated Pub/Sub and nothing else, to be killed. Prints its address once it listens. */
import {createPubSubService} from '../../src/emulator/pubsub/service.ts'
import {testWorld} from '../emulator/pubsub/world.ts'

const [dir, port] = process.argv.slice(2)
const world = {...testWorld(dir), ports: {claim: async () => Number(port), release: () => {}}}
const service = createPubSubService(world)
await service.start!()
process.stdout.write(`${service.address}\n`)
process.on('SIGTERM', () => service.stop!().then(() => process.exit(0)))
