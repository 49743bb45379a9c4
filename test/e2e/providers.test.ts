/** Both provider plugins under the real engine, with real programs of the SDKs. */
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {createRequire} from 'node:module'
import {homedir, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openPorts} from '../../src/emulator/ports.ts'
import {createKubernetesProvider} from '../../src/emulator/provider/kubernetes/provider.ts'
import {loadSchemas} from '../../src/emulator/provider/schemas.ts'
import {serveProvider} from '../../src/emulator/provider/server.ts'
import {openCluster} from '../emulator/provider/cluster.ts'
import {openWorld} from '../emulator/provider/world.ts'

const require = createRequire(import.meta.url)
const VERSION = (require('@pulumi/pulumi/package.json') as {version: string}).version
const ENGINE = join(process.env.HA_CACHE_DIR ?? join(homedir(), '.cache', 'ha'), 'engine', VERSION, 'pulumi')
// Without it there is nothing to try the providers under; `ha engine install` brings it.
const withEngine = test.skipIf(!existsSync(ENGINE))

let dir: string
let world: ReturnType<typeof openWorld>
let cluster: Awaited<ReturnType<typeof openCluster>>
let plugins: {stop(): void}[]
let env: Record<string, string>

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ha-providers-'))
  world = openWorld()
  cluster = await openCluster()
  const ports = openPorts(join(dir, 'ports.json'))
  const [gcp, kubernetes] = [await ports.claim('gcp'), await ports.claim('kubernetes')]
  const log = () => {}
  plugins = [
    await serveProvider(world.provider, {port: gcp, log}),
    await serveProvider(createKubernetesProvider(loadSchemas().kubernetes), {port: kubernetes, log}),
  ]
  env = {
    PULUMI_CONFIG_PASSPHRASE: 'test',
    PULUMI_DEBUG_PROVIDERS: `gcp:${gcp},kubernetes:${kubernetes}`,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  }
  mkdirSync(join(dir, 'engine', 'bin'), {recursive: true})
  mkdirSync(join(dir, 'state'))
  symlinkSync(ENGINE, join(dir, 'engine', 'bin', 'pulumi'))
})
afterAll(async () => {
  for (const plugin of plugins) plugin.stop()
  await cluster.close()
  world.close()
  rmSync(dir, {recursive: true, force: true})
})

type Program = () => Promise<Record<string, unknown>>

async function stackOf(name: string, program: Program) {
  const auto = require('@pulumi/pulumi/automation/index.js') as typeof import('@pulumi/pulumi/automation/index.js')
  return auto.LocalWorkspace.createOrSelectStack(
    {stackName: name, projectName: 'demo', program},
    {
      workDir: dir,
      pulumiHome: join(dir, 'home'),
      pulumiCommand: await auto.PulumiCommand.get({root: join(dir, 'engine'), skipVersionCheck: true}),
      projectSettings: {name: 'demo', runtime: 'nodejs', backend: {url: `file://${dir}/state`}},
      secretsProvider: 'passphrase',
      envVars: env,
    },
  )
}

withEngine('a gcp program is previewed, deployed, left alone, changed, replaced, refreshed and destroyed', async () => {
  let description = 'first'
  let routingMode = 'REGIONAL'
  const stack = await stackOf('gcp', async () => {
    const pulumi = require('@pulumi/pulumi') as typeof import('@pulumi/pulumi')
    const {Provider} = require('@pulumi/gcp/provider.js') as typeof import('@pulumi/gcp/provider.js')
    const {Network} = require('@pulumi/gcp/compute/index.js') as typeof import('@pulumi/gcp/compute/index.js')
    const {Account} =
      require('@pulumi/gcp/serviceaccount/index.js') as typeof import('@pulumi/gcp/serviceaccount/index.js')
    const provider = new Provider('google', {project: 'demo', defaultLabels: {team: 'a'}})
    const network = new Network('network', {name: 'net', description, routingMode}, {provider})
    const account = new Account('a', {accountId: 'someone', displayName: pulumi.secret('hush')}, {provider})
    return {link: network.selfLink, email: account.email, name: account.displayName}
  })
  expect((await stack.preview()).changeSummary).toEqual({create: 4})
  const up = await stack.up()
  expect(up.summary.resourceChanges).toEqual({create: 4})
  expect(up.outputs).toMatchObject({
    link: {value: 'https://www.googleapis.com/compute/v1/projects/demo/global/networks/net', secret: false},
    email: {value: 'someone@demo.iam.gserviceaccount.com', secret: false},
    name: {value: 'hush', secret: true},
  })
  const state = readFileSync(join(dir, 'state', '.pulumi', 'stacks', 'demo', 'gcp.json'), 'utf8')
  expect(state).toContain('someone@demo')
  expect(state).not.toContain('hush')
  expect((await stack.up()).summary.resourceChanges).toEqual({same: 4})
  routingMode = 'GLOBAL'
  expect((await stack.up()).summary.resourceChanges).toEqual({same: 3, update: 1})
  description = 'second'
  expect((await stack.up()).summary.resourceChanges).toEqual({same: 3, replace: 1})
  expect((await stack.refresh()).summary.resourceChanges).toEqual({same: 4})
  expect((await stack.destroy()).summary.resourceChanges).toEqual({delete: 4})
  expect(world.world.records.list('gcp:compute/network:Network')).toEqual([])
})

withEngine('a misspelt input stops a preview before anything is made', async () => {
  const stack = await stackOf('wrong', async () => {
    const {Provider} = require('@pulumi/gcp/provider.js') as typeof import('@pulumi/gcp/provider.js')
    const {Firewall} = require('@pulumi/gcp/compute/index.js') as typeof import('@pulumi/gcp/compute/index.js')
    const provider = new Provider('google', {project: 'demo'})
    const args = {network: 'net', allows: [{protocol: 'tcp', port: ['80']}]}
    new Firewall('wall', args, {provider})
    return {}
  })
  await expect(stack.preview()).rejects.toThrow('unknown property "port"; did you mean "ports"?')
})

withEngine('a Kubernetes object that is not well stays in the state, and the next run mends it', async () => {
  let image = 'web:1'
  const stack = await stackOf('kubernetes', async () => {
    const {Provider} = require('@pulumi/kubernetes/provider.js') as typeof import('@pulumi/kubernetes/provider.js')
    const {Namespace} =
      require('@pulumi/kubernetes/core/v1/index.js') as typeof import('@pulumi/kubernetes/core/v1/index.js')
    const {Deployment} =
      require('@pulumi/kubernetes/apps/v1/index.js') as typeof import('@pulumi/kubernetes/apps/v1/index.js')
    const provider = new Provider('cluster', {kubeconfig: cluster.kubeconfig, clusterIdentifier: 'c'})
    const namespace = new Namespace('ns', {metadata: {name: 'demo'}}, {provider})
    const annotations = {'pulumi.com/timeoutSeconds': image === 'web:1' ? '0.2' : '60'}
    const spec = {
      selector: {matchLabels: {app: 'web'}},
      template: {metadata: {labels: {app: 'web'}}, spec: {containers: [{name: 'web', image}]}},
    }
    const metadata = {name: 'web', namespace: 'demo', annotations}
    const web = new Deployment('web', {metadata, spec}, {provider, dependsOn: namespace})
    return {ready: web.status.availableReplicas}
  })
  await expect(stack.up()).rejects.toThrow('web was not ready within 0.2 s')
  const path = '/apis/apps/v1/namespaces/demo/deployments/web'
  const {metadata} = await cluster.request('GET', path)
  image = 'web:2'
  const mended = stack.up()
  await expect.poll(async () => (await cluster.request('GET', path)).metadata.generation, {timeout: 30_000}).toBe(2)
  const one = {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1}
  await cluster.setStatus(path, {...one, conditions: [{type: 'Available', status: 'True'}]})
  const up = await mended
  expect(up.summary.resourceChanges).toEqual({same: 3, update: 1})
  expect(up.outputs.ready).toEqual({value: 1, secret: false})
  expect((await cluster.request('GET', path)).metadata).toMatchObject({uid: (metadata as unknown as {uid: string}).uid})
  expect((await stack.up()).summary.resourceChanges).toEqual({same: 4})
  await stack.destroy()
  await expect(cluster.request('GET', path)).rejects.toThrow('not found')
})
