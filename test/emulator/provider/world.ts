/** What a service and the gcp provider need, without processes: records in a temporary folder, regions that answer from a table. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Props, RegionLink, World} from '../../../src/emulator/contract.ts'
import {openPorts} from '../../../src/emulator/ports.ts'
import {createGcpProvider} from '../../../src/emulator/provider/gcp.ts'
import {loadSchemas} from '../../../src/emulator/provider/schemas.ts'
import type {Operation, Session} from '../../../src/emulator/provider/session.ts'
import {openRecords} from '../../../src/emulator/records.ts'
import {createGenericServices} from '../../../src/emulator/services/index.ts'

export interface RegionCall {
  readonly region: string
  readonly method: string
  readonly path: string
  readonly body: unknown
}

export function openWorld() {
  const dir = mkdtempSync(join(tmpdir(), 'ha-world-'))
  const records = openRecords(join(dir, 'records.db'))
  const calls: RegionCall[] = []
  const link = (name: string): RegionLink => ({
    name,
    url: 'http://127.0.0.1:1',
    call: async <T>(method: string, path: string, body?: unknown) => {
      calls.push({region: name, method, path, body})
      return (path === '/kubernetes/cluster' ? {endpoint: '127.0.0.1:4321'} : {}) as T
    },
  })
  const world: World = {
    dir,
    records,
    ports: openPorts(join(dir, 'ports.json')),
    log: () => {},
    googleapis: 'http://127.0.0.1:1',
    region: async (name) => link(name),
    regions: async () => [{name: 'us-east1', up: true}],
  }
  const services = createGenericServices(world, {ensure: async (name) => link(name)})
  const types = new Map(services.flatMap(({resources}) => resources).map((type) => [type.token, type]))
  const provider = createGcpProvider({...loadSchemas().gcp, types})
  return {
    world,
    services,
    calls,
    provider,
    close() {
      records.close()
      rmSync(dir, {recursive: true, force: true})
    },
  }
}

const SEED = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')

/** Speaks to a session as the engine does. */
export function engine(session: Session, signal = new AbortController().signal) {
  const resource = (token: string, name = 'it') => ({token, name, urn: `urn:pulumi:s::p::${token}::${name}`})
  const operation = (token: string, preview: boolean): Operation => ({
    ...resource(token),
    preview,
    signal,
    say: () => {},
  })
  const check = (token: string, news: Props, olds?: Props) =>
    session.check({...resource(token), olds, news, seed: SEED})
  return {
    check,
    /** `property: reason` of every failure. */
    async failures(token: string, news: Props) {
      const {failures} = await check(token, news)
      return failures.map(({property, reason}) => `${property}: ${reason}`)
    },
    async preview(token: string, news: Props) {
      return session.create({...operation(token, true), inputs: (await check(token, news)).inputs})
    },
    async create(token: string, news: Props) {
      const {inputs, failures} = await check(token, news)
      if (failures.length > 0) throw new Error(JSON.stringify(failures))
      return {inputs, ...(await session.create({...operation(token, false), inputs}))}
    },
    /** `kind path`, with ` replaces` where it does. */
    async diff(
      token: string,
      state: {id: string; inputs: Props; outputs: Props},
      news: Props,
      ignoreChanges: string[] = [],
    ) {
      const {inputs} = await check(token, news, state.inputs)
      const request = {
        ...resource(token),
        id: state.id,
        outputs: state.outputs,
        olds: state.inputs,
        news: inputs,
        ignoreChanges,
      }
      const {changes, deleteBeforeReplace} = await session.diff(request)
      const told = changes.map(({kind, path, replaces}) => `${kind} ${path.join('.')}${replaces ? ' replaces' : ''}`)
      return {told, deleteBeforeReplace}
    },
    async update(token: string, state: {id: string; inputs: Props; outputs: Props}, news: Props, preview = false) {
      const {inputs} = await check(token, news, state.inputs)
      return session.update({...operation(token, preview), id: state.id, outputs: state.outputs, inputs})
    },
    read: (token: string, id: string, outputs: Props = {}, inputs: Props = {}) =>
      session.read({...resource(token), id, outputs, inputs}),
    delete: (token: string, id: string, outputs: Props) => session.delete({...operation(token, false), id, outputs}),
  }
}
