/** The resources a platform consists of: the real programs, run in this process under Pulumi's mocks. */
import type {Config} from '../../src/config/config.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import type {Roles, Topology} from '../../src/topology/topology.ts'
import {stacksOf} from '../../stacks/index.ts'
import {pulumi} from '../../stacks/pulumi.ts'
import type {Recorded, Stack} from '../../stacks/stack.ts'

// biome-ignore lint/suspicious/noExplicitAny: inputs of any type, looked into by rules
export type Inputs = Record<string, any>

export interface Resource {
  readonly stack: string
  /** Of a cell or app stack. */
  readonly region?: string
  readonly type: string
  readonly name: string
  readonly inputs: Inputs
  readonly protect: boolean
  /** The engine forgets it and leaves it where it is. */
  readonly retained: boolean
  readonly ignoreChanges: readonly string[]
  /** Name of the provider resource it is made with; empty: the default provider. */
  readonly provider: string
  /** `type name` of what it is made after, in the same stack. */
  readonly dependsOn: readonly string[]
}

export interface Graph {
  readonly topology: Topology
  readonly resources: readonly Resource[]
}

/** Exported, but left out of its declarations. */
const runtime = pulumi.runtime as typeof pulumi.runtime & {waitForRPCs(): Promise<void>}

/** As in Pulumi's protocol, the part read here. */
interface Request {
  getType(): string
  getName(): string
  getProtect(): boolean
  getRetainondelete(): boolean
  getProvider(): string
  getIgnorechangesList(): string[]
  getDependenciesList(): string[]
  getCustom(): boolean
}
type Register = (request: Request, callback: (error: unknown, response: unknown) => void) => Promise<void>

export async function graphOf(config: Config, roles: Roles = initialRoles(config)): Promise<Graph> {
  const topology = deriveTopology(config, roles)
  const recorded = recordedOf(topology)
  const resources: Resource[] = []
  // Pulumi keeps a stack trace for every promise it makes, which is most of the time a program takes.
  const {stackTraceLimit} = Error
  Error.stackTraceLimit = 0
  try {
    for (const node of stacksOf(topology)) {
      if (node.kind === 'stack') resources.push(...(await run(node, recorded, topology.project)))
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  return {topology, resources}
}

const shortOf = (urn: string) => {
  const [types, name] = urn.split('::').slice(2)
  return `${types!.split('$').at(-1)} ${name}`
}

async function run(stack: Stack, recorded: Recorded, project: string): Promise<Resource[]> {
  const seen: {request: Request; inputs: Inputs}[] = []
  const inputsOf = new Map<string, Inputs>()
  await pulumi.runtime.setMocks(
    {
      newResource: ({type, name, inputs}) => {
        inputsOf.set(`${type} ${name}`, inputs)
        return {id: idOf(type, name, inputs), state: {...inputs, ...stateOf(type, name, inputs, project)}}
      },
      call: () => ({}),
    },
    'policy',
    stack.name,
  )
  const monitor = pulumi.runtime.getMonitor() as unknown as {registerResource: Register}
  const register = monitor.registerResource.bind(monitor)
  monitor.registerResource = async (request, callback) => {
    await register(request, callback)
    seen.push({request, inputs: inputsOf.get(`${request.getType()} ${request.getName()}`) ?? {}})
  }
  // Through JSON, as the engine gets it from the store.
  await stack.program(JSON.parse(JSON.stringify(stack.input(recorded))) as never)
  await runtime.waitForRPCs()
  return seen
    .filter(({request}) => request.getCustom() && !request.getType().startsWith('pulumi:providers:'))
    .map(({request, inputs}) => ({
      stack: stack.name,
      ...(stack.region !== undefined && {region: stack.region}),
      type: request.getType(),
      name: request.getName(),
      inputs,
      protect: request.getProtect(),
      retained: request.getRetainondelete(),
      ignoreChanges: request.getIgnorechangesList(),
      provider: request.getProvider().split('::')[3] ?? '',
      dependsOn: request.getDependenciesList().map(shortOf).sort(),
    }))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

export const keyOf = ({stack, type, name}: Pick<Resource, 'stack' | 'type' | 'name'>) => `${stack} ${type} ${name}`

/** An id by which references can be followed. */
const idOf = (type: string, name: string, inputs: Inputs) => `${type.split(':').at(-1)}/${inputs.name ?? name}`

/** What the cloud would answer, where a program reads it. */
function stateOf(type: string, name: string, inputs: Inputs, project: string): Inputs {
  const selfLink = `link:${idOf(type, name, inputs)}`
  switch (type) {
    case 'gcp:serviceaccount/account:Account': {
      const email = `${inputs.accountId}@${project}.iam.gserviceaccount.com`
      return {email, name: `projects/${project}/serviceAccounts/${email}`}
    }
    case 'gcp:projects/serviceIdentity:ServiceIdentity':
      return {email: 'service-1@gcp-sa-pubsub.iam.gserviceaccount.com'}
    case 'gcp:container/cluster:Cluster':
      return {controlPlaneEndpointsConfig: {dnsEndpointConfig: {endpoint: `${name}.gke.goog`}}}
    case 'gcp:certificatemanager/dnsAuthorization:DnsAuthorization':
      return {dnsResourceRecords: [{name: '_acme', type: 'CNAME', data: 'x'}]}
    case 'gcp:compute/globalAddress:GlobalAddress':
      return {address: inputs.address ?? '203.0.113.1', selfLink}
    case 'gcp:monitoring/notificationChannel:NotificationChannel':
      return {name: `projects/${project}/notificationChannels/${name}`}
    default:
      return {selfLink}
  }
}

/** As after a first deploy. */
const recordedOf = ({regions}: Topology): Recorded =>
  Object.fromEntries(regions.map(({name}) => [`cell-${name}`, {endpoint: `${name}.gke.goog`}]))
