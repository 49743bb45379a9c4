/**
 * Firewall rules and disks over REST, where controllers make them past Pulumi. A change is answered by an operation that is done.
 * https://cloud.google.com/compute/docs/reference/rest/v1/firewalls, https://cloud.google.com/compute/docs/reference/rest/v1/disks
 */
import type {FastifyInstance} from 'fastify'
import type {Props, ResourceType, World} from '../contract.ts'
import {computeLink} from './names.ts'
import {failWith} from './rest.ts'

const FIREWALL = 'gcp:compute/firewall:Firewall'
const BASE = '/compute/v1/projects/:project'

interface Target {
  readonly Params: {readonly project: string; readonly name: string}
  readonly Body: Props | undefined
}

/** `type`: the firewall rule as Pulumi's provider has it, whose rules hold here too. */
export function mountComputeRest(server: FastifyInstance, {records}: World, type: ResourceType): void {
  const idOf = ({project, name}: Target['Params']) => `projects/${project}/global/firewalls/${name}`
  const done = (operationType: string, id: string) => ({
    kind: 'compute#operation',
    operationType,
    targetLink: computeLink(id),
    status: 'DONE',
    progress: 100,
  })

  server.get<Target>(`${BASE}/global/firewalls`, ({params}) => ({
    kind: 'compute#firewallList',
    items: records
      .list(FIREWALL)
      .filter(({id}) => id.startsWith(idOf({...params, name: ''})))
      .map(({outputs}) => viewOf(outputs)),
  }))
  server.post<Target>(`${BASE}/global/firewalls`, async ({params: {project}, body = {}}) => {
    const inputs = {
      ...inputsOf(body),
      project,
      network: wholeOf(String(body.network ?? 'global/networks/default'), project),
    }
    const problem = type.check?.(inputs)[0]
    if (problem) failWith(400, `Invalid value for field 'resource.${problem.property}': ${problem.reason}`)
    const {id} = await type.create(inputs).catch(asRest)
    return done('insert', id)
  })
  server.delete<Target>(`${BASE}/global/firewalls/:name`, async ({params}) => {
    const id = idOf(params)
    const outputs = records.get(FIREWALL, id) ?? failWith(404, `The resource '${id}' was not found`)
    await type.delete(id, outputs)
    return done('delete', id)
  })
  // No pod of the emulator has a volume.
  server.get(`${BASE}/aggregated/disks`, () => ({kind: 'compute#diskAggregatedList', items: {}}))
}

/** Google takes `global/networks/N` for one of the project's own. */
const wholeOf = (network: string, project: string) =>
  network.startsWith('global/') ? `projects/${project}/${network}` : network

/** The provider's words for what the API calls `allowed` and `denied`. */
const inputsOf = ({allowed, denied, ...rest}: Props): Props => ({
  ...rest,
  ...(Array.isArray(allowed) && {allows: allowed.map(protocolIn)}),
  ...(Array.isArray(denied) && {denies: denied.map(protocolIn)}),
})
const protocolIn = ({IPProtocol, ports}: Props) => ({protocol: IPProtocol, ...(ports !== undefined && {ports})})

function viewOf({name, network, direction, priority, allows, denies, selfLink, creationTimestamp}: Props): Props {
  const shown = (list: unknown) =>
    (list as readonly Props[]).map(({protocol, ports}) => ({IPProtocol: protocol, ...(ports !== undefined && {ports})}))
  return {
    kind: 'compute#firewall',
    name,
    network,
    direction,
    priority,
    ...(allows !== undefined && {allowed: shown(allows)}),
    ...(denies !== undefined && {denied: shown(denies)}),
    selfLink,
    creationTimestamp,
  }
}

/** The provider's wording of a refusal, taken apart again. */
function asRest(error: Error): never {
  const [, status, message] = /^googleapi: Error (\d+): (.*), \w+$/.exec(error.message) ?? []
  if (status === undefined) throw error
  failWith(Number(status), message!)
}
