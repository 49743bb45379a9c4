/** Back to the first layout: what the region wrote alone is kept for people, it rejoins, and roles and traffic return in steps. Pure. */
import type {InstanceTopology, Roles, Topology} from '../topology/topology.ts'
import {type Check, fine, refused} from './check.ts'
import {type Plan, recordRoles, type Step} from './plan.ts'
import {gatesAgree, noLongTransaction, preflightSwitchover, type Question, takeover} from './preflight.ts'
import {backedUp} from './readiness.ts'
import {keepStopped, readFrom, recoverable, replica, successor} from './replicas.ts'
import {backendsOf, instanceIn, type Scene, seenOf} from './scene.ts'
import {changeOfPrimary, RECONCILE} from './switchover.ts'

export interface FailbackWant {
  /** The region that becomes the primary again. */
  readonly region: string
  readonly soakSeconds: number
}

/** Of the traffic; nothing between 0 and 0.1 is allowed. https://cloud.google.com/load-balancing/docs/backend-service#capacity_scaler */
const SHARES = [0.1, 0.5, 1] as const

/** Whether its instance follows the primary already: Cloud SQL sees to it, after a failover to the designated replica. */
export function hasRejoined(topology: Topology, {primary}: Roles, {instances}: Scene, region: string): boolean {
  const [own, next] = [instanceIn(topology, region).name, instanceIn(topology, primary).name]
  return seenOf(instances)?.some((it) => it.name === own && it.role === 'replica' && it.primary === next) ?? false
}

/** Roles once a lost region has returned, with the instance it will have then. */
export function returnedRoles(roles: Roles, region: string, rejoined: boolean): Roles {
  const generation = (roles.generations[region] ?? 1) + (roles.lost.includes(region) && !rejoined ? 1 : 0)
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
  const own = instanceIn(after, region)
  const back: readonly Step[] =
    from === region
      ? []
      : [
          {
            id: 'soak',
            kind: 'soak',
            title: `Watch ${own.name} follow for ${soakSeconds} s`,
            region,
            verifies: 'it never stops following',
            input: {replica: own.name, seconds: soakSeconds},
          },
          ...changeOfPrimary(after, returned, scene, {from, to: region, keepTraffic: true}),
        ]
  return {
    procedure: 'failback',
    from,
    to: region,
    epoch: roles.epoch,
    steps: [
      ...(roles.lost.includes(region) ? rejoinLost(now, after, roles, returned, region) : []),
      ...back,
      ...traffic(now, roles, region),
      RECONCILE,
      ...(from === region ? [] : [recoverable(own)]),
    ],
  }
}

function rejoinLost(
  topology: Topology,
  after: Topology,
  roles: Roles,
  returned: Roles,
  region: string,
): readonly Step[] {
  const [old, own] = [instanceIn(topology, region), instanceIn(after, region)]
  return [...(own.name === old.name ? [] : makeAgain(topology, roles, old)), ...returnTo(after, own, returned)]
}

/** With another instance: the old one is kept, stopped, with what only it has. */
function makeAgain(topology: Topology, roles: Roles, old: InstanceTopology): readonly Step[] {
  const {region} = old
  const database = topology.database!
  const primary = instanceIn(topology, roles.primary)
  const {name} = successor(topology, roles, old)
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
    keepStopped('fence-lost', old, roles.epoch - 1),
    replica('return-replica', name, old, primary),
  ]
}

function returnTo({database}: Topology, own: InstanceTopology, returned: Roles): readonly Step[] {
  const {region} = own
  const generation = returned.generations[region] ?? 1
  return [
    {...readFrom('return-readers', database!, region, own), verifies: 'the record names it'},
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
      input: {},
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

/** What must be true before a region may come back: all that a switchover to it needs, as far as there is something to switch to. */
export function preflightFailback(question: Question, roles: Roles): readonly Check[] {
  const {from, to} = question
  if (from === to) return takeover(question)
  if (!roles.lost.includes(to)) return [...preflightSwitchover(question, roles.epoch), backedUp(question)]
  return [
    ...preflightReturn(question),
    noLongTransaction(question),
    gatesAgree(question, roles.epoch),
    backedUp(question),
  ]
}

function preflightReturn({topology, scene, from, to}: Question): readonly Check[] {
  const [primary, old] = [instanceIn(topology, from).name, instanceIn(topology, to).name]
  const seen = scene.workloads[to]
  const busy = seenOf(scene.busy)
  return [
    seenOf(scene.positions[primary])?.inRecovery === false
      ? fine('primary', `${primary} takes writes`)
      : refused('primary', `${primary} does not answer as a primary.`, 'ha status'),
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
    oldInstance(scene, old),
  ]
}

function oldInstance(scene: Scene, name: string): Check {
  const facts = seenOf(scene.instances)?.find((it) => it.name === name)
  // After a failover to the designated replica Cloud SQL makes it follow by itself, which takes its time.
  const isAstray = facts?.role === 'replica' && !seenOf(scene.positions[name])?.streaming
  if (facts?.state !== 'UNKNOWN' && !isAstray)
    return fine('old instance', facts ? `${name} is ${facts.active ? facts.state : 'stopped'}` : `${name} is gone`)
  return refused(
    'old instance',
    `${name} does not ${isAstray ? 'follow the primary' : 'answer'} yet.`,
    'Wait until the region is back: ha status --watch',
  )
}
