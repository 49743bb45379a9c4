import type {Topology} from '../../src/topology/topology.ts'
import {labelsOf} from '../labels.ts'
import type {Stack} from '../stack.ts'

export type MessagingInput = ReturnType<typeof messagingInput>

export function messagingInput(topology: Topology) {
  const {project, queues, services, regions, protect} = topology
  const memberOf = (account: string) => `serviceAccount:${account}@${project}.iam.gserviceaccount.com`
  return {
    project,
    queues,
    /** Sorted: a list of places, in no order. */
    regions: regions.map(({name}) => name).sort(),
    protect,
    publishers: services.map(({name, account}) => ({name, member: memberOf(account)})),
    consumers: services.flatMap(({name, account, config}) =>
      config.consumes.map((queue) => ({name, queue, member: memberOf(account)})),
    ),
    labels: labelsOf(topology, 'messaging'),
  }
}

/** Topics, subscriptions and dead letters. Global: Pub/Sub keeps messages in several zones of each allowed region. */
export const messaging = (topology: Topology): Stack => ({
  kind: 'stack',
  name: 'messaging',
  needs: ['foundation'],
  input: () => messagingInput(topology),
  program: async (input: MessagingInput) => (await import('./program.ts')).program(input),
})
