/** The steps that tell the gates in all pods something; none where there are no gates. Pure. */
import type {InstanceTopology, Topology} from '../topology/topology.ts'
import type {Step} from './plan.ts'

const where = ({database}: Topology, step: Step): readonly Step[] => (database?.gate === undefined ? [] : [step])

export const wake = (topology: Topology, {name}: InstanceTopology, epoch: number): readonly Step[] =>
  where(topology, {
    id: 'wake',
    kind: 'wake-gates',
    title: 'Make the gates look often',
    verifies: 'they are told',
    input: {instance: name, epoch},
  })

export const hold = (topology: Topology, {name, region}: InstanceTopology, epoch: number): readonly Step[] =>
  where(topology, {
    id: 'hold',
    kind: 'hold-writers',
    title: 'Let writers wait',
    region,
    verifies: 'no transaction is under way',
    undo: 'let them pass',
    input: {instance: name, epoch, wokenAt: 'wake'},
  })

/** From the promotion on: who waits gets through, to the new primary and to no other. */
export const pass = (topology: Topology, {name, region}: InstanceTopology, epoch: number): readonly Step[] =>
  where(topology, {
    id: 'pass',
    kind: 'pass-writers',
    title: `Let writers pass to ${name}`,
    region,
    verifies: `the gates’ word is epoch ${epoch}`,
    input: {instance: name, epoch},
  })

/** Before anything else: from then on nothing that the lost region still acknowledges counts. */
export const raise = (topology: Topology, epoch: number): readonly Step[] =>
  where(topology, {
    id: 'raise',
    kind: 'raise-epoch',
    title: `Raise the epoch to ${epoch}; writers wait from here`,
    verifies: 'the gates’ word says so, or nobody could be told',
    undo: 'back to the epoch before',
    input: {epoch},
  })
