/** The planned change of primary. Pure. */
import type {InstanceTopology, Roles, Topology} from '../topology/topology.ts'
import {hold, pass, wake} from './gates.ts'
import {type Plan, recordRoles, type Step} from './plan.ts'
import {followers, protect, readersElsewhere, readFrom, recoverable, rejoin, successor, undoable} from './replicas.ts'
import {backendsOf, instanceIn, type Scene, seenOf} from './scene.ts'

export interface Want {
  readonly from: string
  readonly to: string
  /** `from` keeps its share of the traffic. */
  readonly keepTraffic: boolean
}

/** Where the primary's region is left: roles reversed, nothing lost; its traffic goes elsewhere unless it is to stay. */
export function planSwitchover(topology: Topology, roles: Roles, scene: Scene, want: Want): Plan {
  const {from, to} = want
  const next = instanceIn(topology, to)
  return {
    procedure: 'switchover',
    from,
    to,
    epoch: roles.epoch,
    steps: [...changeOfPrimary(topology, roles, scene, want), RECONCILE, recoverable(next)],
  }
}

/** A region without the primary: only its traffic moves. */
export function planEvacuation(topology: Topology, roles: Roles, {from, to}: Want): Plan {
  const drained = [...new Set([...roles.drained.filter((it) => it !== to), from])]
  return {
    procedure: 'evacuation',
    from,
    to,
    epoch: roles.epoch,
    steps: [
      ...undrain(topology, roles, to),
      ...drain(topology, from),
      {
        ...recordRoles('roles', 'Record that the region is out of rotation', {drained}),
        undo: 'record what it was',
        input: {change: {drained}, back: {drained: roles.drained}},
      },
      {...RECONCILE, verifies: 'nothing would be replaced'},
    ],
  }
}

/** Everything of a switchover but the reconciliation. */
export function changeOfPrimary(topology: Topology, roles: Roles, scene: Scene, want: Want): readonly Step[] {
  const database = topology.database!
  const [old, next] = [instanceIn(topology, want.from), instanceIn(topology, want.to)]
  const epoch = roles.epoch + 1
  const swapped = old.edition === 'ENTERPRISE_PLUS'
  const timeline = seenOf(scene.positions[old.name])?.timeline ?? 1
  const home = swapped ? old : successor(topology, roles, old)
  const drained = want.keepTraffic
    ? roles.drained
    : [...new Set([...roles.drained.filter((it) => it !== want.to), want.from])]
  return [
    {
      id: 'backup',
      kind: 'take-backup',
      title: `Back up ${old.name}`,
      region: old.region,
      verifies: 'the backup succeeded',
      input: {instance: old.name},
    },
    undoable(readFrom('readers-away', database, old.region, next), 'name the old one again', old),
    // Cloud SQL takes the other replicas along when it exchanges roles itself.
    ...(swapped ? [] : readersElsewhere(topology, roles, old, next, 'planned')),
    ...wake(topology, old, roles.epoch),
    {
      id: 'fence',
      kind: 'write-fence',
      title: `Write epoch ${epoch} and see it replayed`,
      verifies: `${next.name} has the row`,
      input: {primary: old.name, replica: next.name, epoch},
    },
    ...hold(topology, old, roles.epoch),
    ...(swapped ? [exchange(topology, old, next)] : handOver(topology, old, next, roles.epoch)),
    {
      id: 'repoint',
      kind: 'move-record',
      title: `Point ${database.record} to ${next.name}`,
      verifies: 'the record names it; waiting sessions get through',
      input: {record: database.record, to: next.connectionName, back: old.connectionName},
    },
    ...pass(topology, next, epoch),
    verify(old, next, timeline, epoch, true),
    recordRoles('roles', `Record ${next.region} as the primary, epoch ${epoch}`, {
      epoch,
      primary: next.region,
      drained,
    }),
    ...(want.keepTraffic ? [] : [...undrain(topology, roles, next.region), ...drain(topology, old.region)]),
    ...(swapped ? [] : rejoin(topology, roles, old, next)),
    {
      ...readFrom('readers-home', database, old.region, home),
      title: `Let ${old.region} read from ${home.name} again`,
    },
    ...protect(topology, old, next),
    ...(swapped ? [] : followers(topology, roles, old, next)),
  ]
}

/** Where there are gates writers wait already. */
const andWait = ({database}: Topology) => (database?.gate ? '' : '; writers wait from here')

const handOver = (
  topology: Topology,
  old: InstanceTopology,
  next: InstanceTopology,
  epoch: number,
): readonly Step[] => [
  {
    id: 'stop',
    kind: 'stop-primary',
    title: `Stop ${old.name}${andWait(topology)}`,
    region: old.region,
    verifies: 'it takes no sessions',
    undo: 'start it again',
    input: {instance: old.name, replica: next.name},
  },
  {
    id: 'last-record',
    kind: 'await-last-record',
    title: `See ${old.name}’s last record on ${next.name}`,
    region: next.region,
    verifies: 'its shutdown checkpoint is replayed, so nothing acknowledged is missing',
    input: {replica: next.name, primary: old.name},
  },
  promotion(old, next, epoch, false),
]

export const promotion = (old: InstanceTopology, next: InstanceTopology, epoch: number, failover: boolean): Step => ({
  id: 'promote',
  kind: 'promote',
  title: `Promote ${next.name}${failover ? `; ${old.name} follows it once it is back` : ''}`,
  region: next.region,
  verifies: 'it is not in recovery',
  pointOfNoReturn: true,
  input: {instance: next.name, old: old.name, oldRegion: old.region, failover, epoch},
})

const exchange = (topology: Topology, old: InstanceTopology, next: InstanceTopology): Step => ({
  id: 'switchover',
  kind: 'switchover',
  title: `Exchange the roles of ${old.name} and ${next.name}${andWait(topology)}`,
  region: next.region,
  verifies: `${next.name} is not in recovery`,
  pointOfNoReturn: true,
  input: {instance: next.name, old: old.name},
})

export const verify = (
  old: InstanceTopology,
  next: InstanceTopology,
  timeline: number,
  epoch: number,
  fenced: boolean,
): Step => ({
  id: 'verify',
  kind: 'verify-primary',
  title: `Prove that ${next.name} is the primary`,
  region: next.region,
  verifies: `a timeline after ${timeline}, epoch ${epoch} in its history, a row written and read`,
  input: {instance: next.name, old: old.name, timeline, epoch, fenced},
})

/** A region that takes over must be in rotation itself. */
export const undrain = (topology: Topology, roles: Roles, region: string): readonly Step[] =>
  roles.drained.includes(region) && backendsOf(topology).length > 0
    ? [
        {
          id: 'into-rotation',
          kind: 'set-share',
          title: `Take ${region} into rotation`,
          region,
          verifies: 'full capacity on all its endpoint groups',
          undo: 'out of rotation again',
          input: {region, backends: backendsOf(topology), share: 1, back: 0},
        },
      ]
    : []

export const drain = (topology: Topology, region: string): readonly Step[] =>
  backendsOf(topology).length === 0
    ? []
    : [
        {
          id: 'drain',
          kind: 'set-share',
          title: `Take ${region} out of rotation`,
          region,
          verifies: 'capacity 0 on all its endpoint groups',
          undo: 'back to full',
          input: {region, backends: backendsOf(topology), share: 0, back: 1},
        },
      ]

export const RECONCILE: Extract<Step, {kind: 'reconcile'}> = {
  id: 'reconcile',
  kind: 'reconcile',
  title: 'Reconcile the engine’s state',
  verifies: 'nothing would be replaced or deleted, and nothing is left to do',
  input: {},
}
