/** The emulator's own pages about instances: where they are on this machine, and what Google tells only its proxies. */
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
  const seen = await observe(stage, stored.resource).catch(() => undefined)
  return seen ? pageOf(seen) : unseen(stored)
}

function unseen({resource, port}: Stored): ObservedPage {
  const state = resource.state === 'RUNNABLE' ? 'UNKNOWN' : resource.state
  return {role: masterOf(resource) ? 'replica' : 'primary', state, port}
}

const pageOf = ({role, state, port, zone, active, position}: Observed): ObservedPage => ({
  ...{role, state: active ? state : 'STOPPED', port, zone},
  ...(position && {timeline: position.timeline}),
})
