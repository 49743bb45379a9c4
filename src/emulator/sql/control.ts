/** The emulator's own pages about instances: what Google shows elsewhere (Monitoring), or only to its proxies. */
import type {FastifyInstance} from 'fastify'
import {GoogleError} from '../compute/google.ts'
import type {Stage} from './deeds.ts'
import type {Observed} from './observed.ts'
import {connectionNameOf, masterOf, type Stored} from './resource.ts'
import {refuse} from './rest.ts'
import {observe, upstreamOf} from './roles.ts'

/** `GET /emulator/v1/sql/instances/:name/observed` */
export interface ObservedPage {
  readonly role: 'primary' | 'replica'
  /** RUNNABLE, MAINTENANCE, STOPPED, as on record while it is created; UNKNOWN: its region does not answer. */
  readonly state: string
  readonly port: number
  readonly zone?: string
  readonly timeline?: number
  /** Written by a primary, received by a replica; bytes from 0/0. */
  readonly lsnBytes?: number
  readonly replayLsn?: number
  readonly inRecovery?: boolean
  /** Behind the primary's position when that answers, else behind what was received. */
  readonly lagBytes?: number
  readonly lagSeconds?: number
}

export function mountControl(server: FastifyInstance, stage: Stage): void {
  server.register(async (scope) => {
    scope.setErrorHandler(refuse)
    mountPages(scope, stage)
  })
}

function mountPages(server: FastifyInstance, stage: Stage): void {
  type Named = {Params: {name: string}}
  const at = '/emulator/v1/sql'
  server.get<Named>(`${at}/instances/:name/observed`, ({params}) => observedPage(stage, params.name))
  server.get<Named>(`${at}/instances/:name/intent`, async ({params}) => {
    const stored = stage.instances.find(params.name)
    if (!stored?.rejoining) return {}
    const master = stage.instances.find(masterOf(stored.resource) ?? '')
    const primary = master && (await upstreamOf(stage, master.resource).catch(() => undefined))
    return {demoted: true, ...(primary ? {primary} : {})}
  })
  server.get<{Querystring: {connectionName?: string}}>(`${at}/resolve`, async ({query}, reply) => {
    const found = stage.instances.list().find(({resource}) => connectionNameOf(resource) === query.connectionName)
    if (found && found.port > 0) return {host: '127.0.0.1', port: found.port, state: found.resource.state}
    return reply
      .code(404)
      .send(new GoogleError(404, 'instanceDoesNotExist', `No instance ${query.connectionName}`).body)
  })
}

async function observedPage(stage: Stage, name: string): Promise<ObservedPage> {
  const stored = stage.instances.get(name)
  const master = stage.instances.find(masterOf(stored.resource) ?? '')
  const [seen, ahead] = await Promise.all([
    observe(stage, stored.resource).catch(() => undefined),
    master && observe(stage, master.resource).catch(() => undefined),
  ])
  return seen ? pageOf(seen, ahead) : unseen(stored)
}

function unseen({resource, port}: Stored): ObservedPage {
  const state = resource.state === 'RUNNABLE' ? 'UNKNOWN' : resource.state
  return {role: masterOf(resource) ? 'replica' : 'primary', state, port}
}

function pageOf({role, state, port, zone, active, position}: Observed, ahead: Observed | undefined): ObservedPage {
  const page = {role, state: active ? state : 'STOPPED', port, zone}
  if (!position) return page
  const {timeline, lsnBytes, replayLsn, inRecovery, lagSeconds} = position
  const written = Math.max(ahead?.position?.lsnBytes ?? 0, lsnBytes)
  return {
    ...page,
    timeline,
    lsnBytes,
    replayLsn,
    inRecovery,
    lagBytes: inRecovery ? written - replayLsn : 0,
    ...(lagSeconds === null ? {} : {lagSeconds: Math.max(0, lagSeconds)}),
  }
}
