/**
 * A Pulumi provider in a process of its own, small enough to read at a glance: `fake:index:Thing` with `{name, value?, kind?,
 * delayMs?, fails?, secret?}`. Things are files in `--dir`, so a create that outlives its engine leaves a thing behind, as a cloud does.
 * `kind` is immutable; creating what exists is refused; `fails` is the cloud's refusal; `delayMs` is how long a create or update
 * takes (the thing exists from the middle of it). Writes `{port, pid}` to `<dir>/provider.json` once it listens; every call is a
 * line of `<dir>/calls.log`.
 */
import {appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'

const require = createRequire(import.meta.url)
const grpc = require('@grpc/grpc-js')
const proto = require('@pulumi/pulumi/proto/provider_pb.js')
const {ResourceProviderService} = require('@pulumi/pulumi/proto/provider_grpc_pb.js')
const {PluginInfo} = require('@pulumi/pulumi/proto/plugin_pb.js')
const {Struct} = require('google-protobuf/google/protobuf/struct_pb.js')
const {Empty} = require('google-protobuf/google/protobuf/empty_pb.js')

/** The getters of the generated protocol classes that are used here. */
type Request = Record<`get${'News' | 'OldInputs' | 'Olds' | 'Properties' | 'Preview' | 'Id'}`, () => never>
type Thing = Record<string, unknown> & {name: string; delayMs?: number; fails?: string}

const dir = process.argv[process.argv.indexOf('--dir') + 1] ?? '.'
const things = join(dir, 'things')
mkdirSync(things, {recursive: true})

const at = (id: string) => join(things, `${id}.json`)
const plain = (struct: unknown): Thing => (struct as {toJavaScript(): Thing}).toJavaScript()
const struct = (value: object) => Struct.fromJavaScript(value)
const write = (id: string, value: object) => {
  writeFileSync(`${at(id)}.new`, JSON.stringify(value))
  renameSync(`${at(id)}.new`, at(id))
}
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
const outputs = (inputs: Thing) => ({...inputs, link: `things/${inputs.name}`})

const methods: Record<string, (request: Request) => unknown> = {
  attach: () => new Empty(),
  cancel: () => new Empty(),
  getPluginInfo: () => new PluginInfo(),
  checkConfig: (r) => {
    const response = new proto.CheckResponse()
    response.setInputs(r.getNews())
    return response
  },
  diffConfig: () => new proto.DiffResponse(),
  configure: () => {
    const response = new proto.ConfigureResponse()
    response.setAcceptsecrets(false)
    response.setSupportspreview(true)
    return response
  },
  check: (r) => {
    const response = new proto.CheckResponse()
    response.setInputs(r.getNews())
    return response
  },
  diff: (r) => {
    const [olds, news] = [plain(r.getOldInputs() ?? r.getOlds()), plain(r.getNews())]
    const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
      (key) => !same(olds[key], news[key]),
    )
    const response = new proto.DiffResponse()
    response.setChanges(changed.length > 0 ? 2 : 1)
    response.setDiffsList(changed)
    if (changed.includes('kind')) response.setReplacesList(['kind'])
    response.setDeletebeforereplace(true)
    return response
  },
  create: async (r) => {
    const inputs = plain(r.getProperties())
    const response = new proto.CreateResponse()
    if (!r.getPreview()) {
      if (inputs.fails) throw new Error(inputs.fails)
      if (existsSync(at(inputs.name)))
        throw new Error(`googleapi: Error 409: thing ${inputs.name} already exists, alreadyExists`)
      await sleep((inputs.delayMs ?? 0) / 2)
      write(inputs.name, outputs(inputs))
      await sleep((inputs.delayMs ?? 0) / 2)
      response.setId(inputs.name)
    }
    response.setProperties(struct(outputs(inputs)))
    return response
  },
  read: (r) => {
    const response = new proto.ReadResponse()
    if (!existsSync(at(r.getId()))) return response
    const {link, ...inputs} = JSON.parse(readFileSync(at(r.getId()), 'utf8'))
    response.setId(r.getId())
    response.setProperties(struct({...inputs, link}))
    response.setInputs(struct(inputs))
    return response
  },
  update: async (r) => {
    const inputs = plain(r.getNews())
    const response = new proto.UpdateResponse()
    if (!r.getPreview()) {
      if (inputs.fails) throw new Error(inputs.fails)
      await sleep(inputs.delayMs ?? 0)
      write(r.getId(), outputs(inputs))
    }
    response.setProperties(struct(outputs(inputs)))
    return response
  },
  delete: (r) => {
    if (plain(r.getProperties()).deletionProtection)
      throw new Error(`${r.getId()} cannot be deleted because deletionProtection is set to true`)
    rmSync(at(r.getId()), {force: true})
    return new Empty()
  },
}

const served = Object.fromEntries(
  Object.entries(methods).map(([name, method]) => [
    name,
    (call: {request: Request}, reply: (error: unknown, value?: unknown) => void) => {
      appendFileSync(join(dir, 'calls.log'), `${name}\n`)
      Promise.resolve()
        .then(() => method(call.request))
        .then((value) => reply(null, value))
        .catch((error: Error) => reply({code: grpc.status.UNKNOWN, message: error.message}))
    },
  ]),
)

const server = new grpc.Server()
server.addService(ResourceProviderService, served)
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error: Error | null, port: number) => {
  if (error) throw error
  writeFileSync(join(dir, 'provider.json.new'), JSON.stringify({port, pid: process.pid}))
  renameSync(join(dir, 'provider.json.new'), join(dir, 'provider.json'))
})
process.on('SIGTERM', () => process.exit(0))
