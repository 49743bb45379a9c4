/** What makes a new primary safe again: replicas that follow it, another zone, backups. Pure. */
import {instanceName} from '../topology/names.ts'
import type {DatabaseTopology, InstanceTopology, Roles, Topology} from '../topology/topology.ts'
import {recordRoles, type Step} from './plan.ts'

/** The instance that stands where `old` stood: the next generation, since a name cannot be used again for a week. */
export function successor(topology: Topology, roles: Roles, old: InstanceTopology) {
  const generation = (roles.generations[old.region] ?? 1) + 1
  const name = instanceName(topology.prefix, old.region, generation)
  return {name, generation, connectionName: `${topology.project}:${old.region}:${name}`}
}

type Named = Pick<InstanceTopology, 'name' | 'connectionName'>
type MoveRecord = Extract<Step, {kind: 'move-record'}>

/** A new instance, `name`, where `old` was. */
export const replica = (id: string, name: string, old: InstanceTopology, primary: InstanceTopology): Step => ({
  id,
  kind: 'replicate',
  title: `Make ${name}, a replica of ${primary.name}`,
  region: old.region,
  verifies: 'it follows',
  input: {instance: name, region: old.region, primary: primary.name, like: old.name},
})

/** `epoch`: the last one that it was the primary in. */
export const keepStopped = (id: string, {name, region}: InstanceTopology, epoch: number): Step => ({
  id,
  kind: 'fence-old',
  title: `Keep ${name} stopped`,
  region,
  verifies: 'it is known as fenced',
  input: {instance: name, region, epoch},
})

export const readFrom = (id: string, {nearest}: DatabaseTopology, region: string, from: Named): MoveRecord => ({
  id,
  kind: 'move-record',
  title: `Let ${region} read from ${from.name}`,
  verifies: `${nearest[region]} names it`,
  input: {record: nearest[region]!, to: from.connectionName},
})

/** Can be taken back, to what the record named before. */
export const undoable = (step: MoveRecord, undo: string, {connectionName}: Named): MoveRecord => ({
  ...step,
  undo,
  input: {...step.input, back: connectionName},
})

/** A new replica where the old primary was; the old one stays, stopped, with its backups. */
export function rejoin(
  topology: Topology,
  roles: Roles,
  old: InstanceTopology,
  next: InstanceTopology,
): readonly Step[] {
  const {name, generation} = successor(topology, roles, old)
  return [
    replica('replica', name, old, next),
    keepStopped('fence-old', old, roles.epoch),
    recordRoles('generation', `Record generation ${generation} in ${old.region}`, {
      generations: {[old.region]: generation},
    }),
  ]
}

/** Replicas in regions that neither lose the primary nor gain it. */
function others({database}: Topology, {lost}: Roles, old: InstanceTopology, next: InstanceTopology) {
  const isOther = ({region}: InstanceTopology) =>
    region !== old.region && region !== next.region && !lost.includes(region)
  return database!.instances.filter(isOther)
}

/**
 * A promotion leaves other regions' replicas with the old primary. From the new one's first write on they are out of date and would not
 * know it, so their readers ask the new one instead until their region has a replica of it.
 */
export function readersElsewhere(
  topology: Topology,
  roles: Roles,
  old: InstanceTopology,
  next: InstanceTopology,
  promotion: 'planned' | 'done',
): readonly Step[] {
  return others(topology, roles, old, next).map((own) => {
    const step = readFrom(`readers-away-${own.region}`, topology.database!, own.region, next)
    return promotion === 'done' ? step : undoable(step, 'name its own again', own)
  })
}

/**
 * Nothing but a new instance follows another primary: https://cloud.google.com/sql/docs/postgres/replication/cross-region-replicas. The
 * one before is left as it is: it may have received more of a lost primary's log than the one that was promoted. Each takes its time, so they
 * come after what protects the new primary.
 */
export function followers(
  topology: Topology,
  roles: Roles,
  old: InstanceTopology,
  next: InstanceTopology,
): readonly Step[] {
  return others(topology, roles, old, next).flatMap((own): Step[] => {
    const {region} = own
    const {name, generation, connectionName} = successor(topology, roles, own)
    const step = replica(`replica-${region}`, name, own, next)
    return [
      {...step, title: `${step.title}, in place of ${own.name}`},
      recordRoles(`generation-${region}`, `Record generation ${generation} in ${region}`, {
        generations: {[region]: generation},
      }),
      readFrom(`readers-home-${region}`, topology.database!, region, {name, connectionName}),
    ]
  })
}

/** The log alone recovers nothing: it takes a backup to begin from. */
export const protect = ({database}: Topology, old: InstanceTopology, next: InstanceTopology): readonly Step[] => [
  {
    id: 'protect',
    kind: 'protect',
    title: `Give ${next.name} a second zone, backups and recovery`,
    region: next.region,
    verifies: 'the instance has them',
    input: {
      instance: next.name,
      availability: old.availability,
      recoveryDays: Math.max(1, Math.round((database?.config.recoverySeconds ?? 0) / 86_400)),
    },
  },
  {
    id: 'first-backup',
    kind: 'take-backup',
    title: `Back up ${next.name}, so that it can be recovered`,
    region: next.region,
    verifies: 'the backup succeeded',
    input: {instance: next.name},
  },
]

/** The last of all, since nothing else waits for it. */
export const recoverable = ({name, region}: InstanceTopology): Step => ({
  id: 'recoverable',
  kind: 'await-recovery',
  title: `See that ${name} can be recovered to any moment`,
  region,
  verifies: 'its recovery window is open, or it is told that it is not yet',
  input: {instance: name},
})
