/** What `ha status` shows: one screen, red where it hurts. Pure. */
import type {Observation, RegionSeen, Seen} from '../cloud/cloud.ts'
import type {Topology} from '../topology/topology.ts'
import {duration, table} from './format.ts'
import {observerLines} from './observers.ts'
import type {Style} from './style.ts'

/** Whether every region answers, every service has the instances it wants, and nothing waits in the dead letters. */
export function isHealthy(topology: Topology, observation: Observation): boolean {
  return troubles(topology, observation).length === 0
}

export function statusLines(topology: Topology, observation: Observation, style: Style): string[] {
  const where = topology.target === 'local' ? `${topology.environment} (emulated)` : topology.environment
  const trouble = troubles(topology, observation)
  return [
    `${style('strong', topology.app)} · ${where}${observation.url ? ` · ${style('accent', observation.url)}` : ''}`,
    '',
    ...table([header(topology), ...observation.regions.map((region) => regionRow(topology, region, style))], '  '),
    ...observerLines(observation.regions, style),
    ...queueLines(observation, style),
    '',
    ...(trouble.length === 0
      ? [style('good', '✔ Everything runs as ha.yaml says.')]
      : trouble.map((line) => style('bad', `✖ ${line}`))),
    ...(topology.target === 'local' && isSilent(observation)
      ? ['  → Nothing of it runs on this machine. `ha deploy` brings it back with its data.']
      : []),
  ]
}

/** Nothing at all answered, as after a reboot. */
const isSilent = ({regions, queues}: Observation): boolean =>
  ('unseen' in queues || queues.seen.length === 0) &&
  regions.every(({services, endpoints}) => 'unseen' in services && 'unseen' in endpoints)

function header({database, services}: Topology): string[] {
  return [
    'REGION',
    'ROLE',
    ...(database ? ['DATABASE', 'LAG'] : []),
    ...services.map(({name}) => name.toUpperCase()),
    'IN ROTATION',
  ]
}

function regionRow(topology: Topology, seen: RegionSeen, style: Style): string[] {
  const region = topology.regions.find(({name}) => name === seen.name)!
  return [
    seen.name,
    region.lost ? style('bad', 'lost') : roleOf(seen, region.role, style),
    ...(topology.database ? databaseCells(seen, style) : []),
    ...topology.services.map(({name}) => replicasCell(seen, name, style)),
    rotationCell(seen, style),
  ]
}

/** The observed role; what the store believes only when nothing answers. */
function roleOf({instance}: RegionSeen, recorded: string, style: Style): string {
  if (!instance || 'unseen' in instance) return recorded
  const {role} = instance.seen
  return role === 'primary' ? style('strong', role) : role
}

function databaseCells({instance}: RegionSeen, style: Style): string[] {
  if (!instance || 'unseen' in instance) return [style('bad', 'no answer'), '–']
  const {state, zone, role, lagSeconds} = instance.seen
  const running = state === 'RUNNABLE'
  return [
    style(running ? 'plain' : 'bad', running ? `up${zone ? ` in ${zone}` : ''}` : state),
    role === 'primary' || lagSeconds === undefined ? '–' : `${lagSeconds.toFixed(1)} s`,
  ]
}

function replicasCell({services}: RegionSeen, name: string, style: Style): string {
  if ('unseen' in services) return style('bad', 'no answer')
  const service = services.seen.find((it) => it.name === name)
  if (!service) return style('bad', 'absent')
  const text = `${service.ready}/${service.desired}${service.restarts > 0 ? ` (${service.restarts} restarts)` : ''}`
  return style(service.ready < service.desired ? 'bad' : 'plain', text)
}

function rotationCell({endpoints}: RegionSeen, style: Style): string {
  if ('unseen' in endpoints) return style('bad', 'unknown')
  if (endpoints.seen.length === 0) return '–'
  return endpoints.seen
    .map(({healthy, total, drained}) =>
      drained ? style('warn', 'drained') : style(healthy === 0 ? 'bad' : 'plain', `${healthy}/${total}`),
    )
    .join(' ')
}

function queueLines({queues}: Observation, style: Style): string[] {
  if ('unseen' in queues) return ['', style('bad', `Queues: ${queues.unseen}`)]
  if (queues.seen.length === 0) return []
  const rows = queues.seen.map(({name, backlog, oldestSeconds, dead}) => [
    name,
    String(backlog),
    backlog > 0 ? duration(oldestSeconds * 1000) : '–',
    dead > 0 ? style('bad', String(dead)) : '0',
  ])
  return ['', ...table([['QUEUE', 'BACKLOG', 'OLDEST', 'DEAD LETTERS'], ...rows], '  ')]
}

/** Every reason to worry, worst first; empty when there is none. */
export function troubles(topology: Topology, {regions, queues}: Observation): string[] {
  const lost = new Set(topology.regions.filter((region) => region.lost).map(({name}) => name))
  const primaries = regions.filter(
    ({name, instance}) => instance && 'seen' in instance && instance.seen.role === 'primary' && !lost.has(name),
  )
  return [
    ...(topology.database && primaries.length > 1
      ? [`Two primaries: ${primaries.map(({name}) => name).join(' and ')} both accept writes.`]
      : []),
    ...regions.filter(({name}) => !lost.has(name)).flatMap(regionTroubles),
    ...('seen' in queues
      ? queues.seen.flatMap(({name, dead}) => (dead > 0 ? [`${name}: ${dead} messages failed every delivery.`] : []))
      : ['The queues do not answer.']),
  ]
}

function regionTroubles({name, services, instance, endpoints}: RegionSeen): string[] {
  const database = instance && databaseTrouble(name, instance)
  if ('unseen' in services)
    return [`${name}: the cluster does not answer (${services.unseen}).`, ...(database ? [database] : [])]
  return [
    ...(database ? [database] : []),
    ...services.seen.flatMap((service) =>
      service.ready < service.desired
        ? [
            `${name}: ${service.name} has ${service.ready} of ${service.desired} ready${service.reasons.length > 0 ? ` (${service.reasons.join(', ')})` : ''}.`,
          ]
        : [],
    ),
    ...('seen' in endpoints
      ? endpoints.seen.flatMap(({service, healthy, drained}) =>
          healthy === 0 && !drained ? [`${name}: no instance of ${service} is in rotation.`] : [],
        )
      : []),
  ]
}

function databaseTrouble(
  region: string,
  instance: Seen<{readonly name: string; readonly state: string}>,
): string | undefined {
  if ('unseen' in instance) return `${region}: the database does not answer (${instance.unseen}).`
  return instance.seen.state === 'RUNNABLE' ? undefined : `${region}: ${instance.seen.name} is ${instance.seen.state}.`
}
