/** Back to the first layout: what the region wrote alone is kept for people, it rejoins, and roles and traffic return in steps. Pure. */
import type {Roles, Topology} from '../topology/topology.ts'
import {type Check, fine, refused} from './check.ts'
import type {Plan, Step} from './plan.ts'
import type {Question} from './preflight.ts'
import {backendsOf, type Scene, seenOf} from './scene.ts'
import {changeOfPrimary, reconcile, recordRoles, successor} from './switchover.ts'

export interface FailbackWant {
  /** The region that becomes the primary again. */
  readonly region: string
  readonly soakSeconds: number
}

/** Of the traffic; nothing between 0 and 0.1 is allowed. https://cloud.google.com/load-balancing/docs/backend-service#capacity_scaler */
const SHARES = [0.1, 0.5, 1] as const

/** Roles once a lost region has returned, with the instance it will have then. */
export function returnedRoles(roles: Roles, region: string): Roles {
  const generation = (roles.generations[region] ?? 1) + (roles.lost.includes(region) ? 1 : 0)
  return {
    ...roles,
    lost: roles.lost.filter((it) => it !== region),
    generations: {...roles.generations, [region]: generation},
  }
}

/** `after` and `returned`: topology and roles once the region has returned (`returnedRoles`). */
export function planFailback(
  now: Topology,
  after: Topology,
  roles: Roles,
  returned: Roles,
  scene: Scene,
  want: FailbackWant,
): Plan {
  const {region, soakSeconds} = want
  const from = roles.primary
  const replica = after.database!.instances.find((it) => it.region === region)!
  const back: readonly Step[] =
    from === region
      ? []
      : [
          {
            id: 'soak',
            kind: 'soak',
            title: `Watch ${replica.name} follow for ${soakSeconds} s`,
            region,
            verifies: 'it never stops following',
            input: {replica: replica.name, seconds: soakSeconds},
          },
          ...changeOfPrimary(after, returned, scene, {from, to: region, keepTraffic: true}),
        ]
  return {
    procedure: 'failback',
    from,
    to: region,
    epoch: roles.epoch,
    steps: [
      ...(roles.lost.includes(region) ? rejoinLost(now, roles, region) : []),
      ...back,
      ...traffic(now, roles, region),
      from === region
        ? {...reconcile(after, returned, {from}), input: {generations: {}}}
        : reconcile(after, returned, {from}),
    ],
  }
}

function rejoinLost(topology: Topology, roles: Roles, region: string): readonly Step[] {
  const database = topology.database!
  const old = database.instances.find((it) => it.region === region)!
  const primary = database.instances.find((it) => it.region === roles.primary)!
  const {name, generation, connectionName} = successor(topology, roles, old)
  return [
    {
      id: 'capture',
      kind: 'capture-divergence',
      title: `Keep what only ${old.name} has`,
      region,
      verifies: 'the rows are in a file, as JSON and as SQL',
      undo: 'stop it again',
      input: {instance: old.name, primary: primary.name, region, database: database.name},
    },
    {
      id: 'fence-lost',
      kind: 'fence-old',
      title: `Keep ${old.name} stopped`,
      region,
      verifies: 'it is known as fenced',
      input: {instance: old.name, region, epoch: roles.epoch - 1},
    },
    {
      id: 'return-replica',
      kind: 'replicate',
      title: `Make ${name}, a replica of ${primary.name}`,
      region,
      verifies: 'it follows',
      input: {instance: name, region, primary: primary.name, like: old.name},
    },
    {
      id: 'return-readers',
      kind: 'move-record',
      title: `Let ${region} read from ${name}`,
      verifies: 'the record names it',
      input: {record: database.nearest[region]!, to: connectionName},
    },
    {
      id: 'return',
      kind: 'return-region',
      title: `Let ${region} take part again, generation ${generation}`,
      region,
      verifies: 'the store no longer calls it lost',
      input: {region, generation},
    },
    {
      id: 'return-reconcile',
      kind: 'reconcile',
      title: `Deploy to ${region} what it missed`,
      verifies: 'nothing would be replaced or deleted',
      input: {generations: {[region]: generation}},
    },
  ]
}

function traffic(topology: Topology, roles: Roles, region: string): readonly Step[] {
  const backends = backendsOf(topology)
  if (backends.length === 0) return []
  const healthy = (share: number): Step => ({
    id: `healthy-${share * 100}`,
    kind: 'await-healthy',
    title: `See ${region} healthy`,
    region,
    verifies: 'every endpoint passes the load balancer’s checks',
    input: {region, backends},
  })
  const steps = SHARES.flatMap((share): Step[] => [
    healthy(share),
    {
      id: `share-${share * 100}`,
      kind: 'set-share',
      title: `Give ${region} ${share * 100} % of its share of the traffic`,
      region,
      verifies: `capacity ${share}`,
      input: {region, backends, share},
    },
  ])
  return [
    ...steps,
    recordRoles('in-rotation', `Record ${region} as in rotation`, {
      drained: roles.drained.filter((it) => it !== region),
    }),
  ]
}

/** What must be true before a region may come back. */
export function preflightFailback({topology, scene, from, to}: Question, roles: Roles): readonly Check[] {
  const primary = topology.database!.instances.find((it) => it.region === from)!
  const old = topology.database!.instances.find((it) => it.region === to)!
  const seen = scene.workloads[to]
  const facts = seenOf(scene.instances)?.find((it) => it.name === old.name)
  const busy = seenOf(scene.busy)
  return [
    seenOf(scene.positions[primary.name])?.inRecovery === false
      ? fine('primary', `${primary.name} takes writes`)
      : refused('primary', `${primary.name} does not answer as a primary.`, 'ha status'),
    seen && 'seen' in seen
      ? fine('cluster', `${to} answers`)
      : refused(
          'cluster',
          `The cluster in ${to} does not answer yet.`,
          'Wait until the region is back: ha status --watch',
        ),
    busy?.length === 0
      ? fine('operations', 'none under way')
      : refused('operations', 'Cloud SQL is at work, or does not answer.', 'Try again when it has finished.'),
    roles.lost.includes(to) && facts?.state === 'UNKNOWN'
      ? refused('old instance', `${old.name} does not answer yet.`, 'Wait until the region is back: ha status --watch')
      : fine(
          'old instance',
          facts ? `${old.name} is ${facts.active ? facts.state : 'stopped'}` : `${old.name} is gone`,
        ),
  ]
}
