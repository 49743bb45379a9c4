/** What `ha deploy` says at its end: where it serves, who is primary, what to try next. Pure. */
import type {Observation} from '../cloud/cloud.ts'
import type {Topology} from '../topology/topology.ts'
import {duration} from './format.ts'
import {statusLines} from './status.ts'
import type {Style} from './style.ts'

export interface Deployment {
  readonly topology: Topology
  readonly observation: Observation
  readonly changed: boolean
  readonly ms: number
  readonly kubeconfigs: Readonly<Record<string, string>>
  /** A command of ha for this environment, as it can be pasted. */
  readonly call: (command: string) => string
  /** First of a template's own suggestions, e.g. a curl line; `$URL` stands for the address. */
  readonly tries: readonly string[]
}

export function deployedLines(
  {topology, observation, changed, ms, kubeconfigs, call, tries}: Deployment,
  style: Style,
): string[] {
  const done = changed
    ? `Deployed in ${duration(ms)}.`
    : `Nothing to change: the platform is as ha.yaml says (${duration(ms)}).`
  const [region, file] = Object.entries(kubeconfigs)[0] ?? []
  const primary = observation.regions.flatMap(({instance}) =>
    instance && 'seen' in instance && instance.seen.role === 'primary' && instance.seen.address
      ? [instance.seen.address]
      : [],
  )[0]
  return [
    `${style('good', '✔')} ${done}`,
    '',
    ...statusLines(topology, observation, style),
    '',
    'Try next:',
    ...tries.map((line) => `  ${line.replaceAll('$URL', observation.url ?? '')}`),
    `  ${call('status --watch')}`,
    `  ${call(`logs ${topology.services[0]?.name ?? 'SERVICE'} --follow`)}`,
    ...(file === undefined ? [] : [`  kubectl --kubeconfig ${file} get pods    ${style('dim', `# ${region}`)}`]),
    ...(primary === undefined ? [] : psqlLines(topology, primary)),
    `  ${call('destroy')}`,
  ]
}

/** As the first service logs in, which on the emulated target needs no password. */
function psqlLines({services}: Topology, primary: string): string[] {
  const url = services[0]?.env.DATABASE_URL
  if (url === undefined) return []
  const {username, pathname} = new URL(url)
  return [`  psql postgresql://${username}@${primary}${pathname}`]
}
