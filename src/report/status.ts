/** What `ha status` shows: one screen, red where it hurts. Pure. */
import type {InstanceSeen, Observation, QueueSeen, RegionSeen} from '../cloud/cloud.ts'
import type {Topology} from '../topology/topology.ts'
import {duration, moment, table} from './format.ts'
import {observerLines} from './observers.ts'
import type {Style} from './style.ts'
import {troubles} from './troubles.ts'

/** Google samples each minute and shows it minutes later; what is older than this is told with its age. */
const FRESH_SECONDS = 10

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
      ? [style('good', `✔ ${isWhole(topology) ? 'Everything' : 'What is left'} runs as ha.yaml says.`)]
      : trouble.map((line) => style('bad', `✖ ${line}`))),
    ...aftermathLines(observation, style),
    ...(topology.target === 'local' && isSilent(observation)
      ? ['  → Nothing of it runs on this machine. `ha deploy` brings it back with its data.']
      : []),
  ]
}

const isWhole = ({regions}: Topology): boolean => regions.every(({lost}) => !lost)

/** What earlier operations leave to be known. */
const aftermathLines = ({recovery, leftBehind = []}: Observation, style: Style): string[] => [
  ...(recovery && 'seen' in recovery && recovery.seen
    ? [style('dim', `· Protected again: every moment since ${moment(recovery.seen.earliest)} can be recovered to.`)]
    : []),
  ...leftBehind.flatMap(({name, place, command}) => [
    style('dim', `· ${name} in ${place}, whose place another took, is still there. Once nothing of it is needed:`),
    style('dim', `    ${command}`),
  ]),
]

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
  const {state, zone, lag} = instance.seen
  const running = state === 'RUNNABLE'
  return [style(running ? 'plain' : 'bad', running ? `up${zone ? ` in ${zone}` : ''}` : state), lagCell(lag, style)]
}

function lagCell(lag: InstanceSeen['lag'], style: Style): string {
  if (lag === undefined) return '–'
  if ('unseen' in lag) return style('bad', 'unknown')
  const {value, ageSeconds} = lag.seen
  const age = ageSeconds > FRESH_SECONDS ? ` (${ago(ageSeconds)})` : ''
  return value < 0 ? style('bad', `not replicating${age}`) : `${value.toFixed(1)} s${age}`
}

const ago = (seconds: number) => `${duration(seconds * 1000)} ago`

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
  const isDated = queues.seen.some(({ageSeconds = 0}) => ageSeconds > FRESH_SECONDS)
  const header = ['QUEUE', 'WAITING', 'OLDEST', 'DEAD LETTERS', ...(isDated ? ['AS OF'] : [])]
  return ['', ...table([header, ...queues.seen.map((queue) => queueRow(queue, isDated, style))], '  ')]
}

function queueRow(queue: QueueSeen, isDated: boolean, style: Style): string[] {
  const {name, backlog, oldestSeconds, dead, ageSeconds} = queue
  return [
    name,
    String(backlog ?? '–'),
    backlog && oldestSeconds !== undefined ? duration(oldestSeconds * 1000) : '–',
    style(dead ? 'bad' : 'plain', String(dead ?? '–')),
    ...(isDated ? [ageSeconds === undefined ? '–' : ago(ageSeconds)] : []),
  ]
}
