import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {generateSchemas} from '../../../src/emulator/provider/generate-schemas.ts'
import {nearest} from '../../../src/emulator/provider/schema.ts'
import {loadSchemas} from '../../../src/emulator/provider/schemas.ts'
import {UNKNOWN} from '../../../src/emulator/provider/values.ts'

const {gcp, kubernetes} = loadSchemas()
const CLUSTER = 'gcp:container/cluster:Cluster'
const NETWORK = 'gcp:compute/network:Network'
const FIREWALL = 'gcp:compute/firewall:Firewall'
const DEPLOYMENT = 'kubernetes:apps/v1:Deployment'
const SYNC = 'kubernetes:secret-sync.gke.io/v1:SecretSync'

test('the committed schemas are those of the installed SDKs (npm run generate)', () => {
  const file = new URL('../../../src/emulator/provider/schemas.generated.json', import.meta.url)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(generateSchemas())
})

test.each([
  ['a misspelt name', NETWORK, {nmae: 'a'}, 'nmae', 'unknown property "nmae"; did you mean "name"?'],
  ['a name like no other', NETWORK, {flavour: 1}, 'flavour', 'unknown property "flavour"'],
  [
    'a misspelt name deep inside',
    CLUSTER,
    {nodeConfig: {machinetype: 'e2-small'}},
    'nodeConfig.machinetype',
    'unknown property "machinetype"; did you mean "machineType"?',
  ],
  [
    'a misspelt name in a list',
    FIREWALL,
    {network: 'n', allows: [{protocol: 'tcp', port: ['80']}]},
    'allows[0].port',
    'unknown property "port"; did you mean "ports"?',
  ],
  ['a missing input', FIREWALL, {}, 'network', 'missing required property "network"'],
  [
    'a missing input in a list',
    FIREWALL,
    {network: 'n', allows: [{ports: ['80']}]},
    'allows[0].protocol',
    'missing required property "protocol"',
  ],
  ['a text for a number', NETWORK, {mtu: '1460'}, 'mtu', 'expected a number, got string "1460"'],
  ['a number for a text', NETWORK, {name: 7}, 'name', 'expected a string, got number 7'],
  [
    'a text for a truth',
    NETWORK,
    {autoCreateSubnetworks: 'false'},
    'autoCreateSubnetworks',
    'expected true or false, got string "false"',
  ],
  ['a list for an object', CLUSTER, {nodeConfig: []}, 'nodeConfig', 'expected an object, got a list'],
  [
    'a text for a list',
    FIREWALL,
    {network: 'n', sourceRanges: '0/0'},
    'sourceRanges',
    'expected a list, got string "0/0"',
  ],
  [
    'an asset for a text',
    NETWORK,
    {name: {'4dabf18193072939515e22adb298388d': 'c44067f5952c0a294b673a41bacd8c17', text: 'x'}},
    'name',
    'expected a string, got an asset',
  ],
])('%s is refused', (_, token, inputs, property, reason) => {
  expect(gcp.schema.check(token, inputs)).toEqual([{property, reason}])
})

const pod = {containers: [{name: 'web', image: 'web:1', ports: [{containerPort: 80}]}]}
const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  spec: {selector: {matchLabels: {app: 'web'}}, template: {spec: pod}, ...spec},
})

test.each([
  ['a field of a pod', {template: {spec: {...pod, restartpolicy: 'Always'}}}, 'spec.template.spec.restartpolicy'],
  ['a selector of the wrong kind', {selector: {matchLabels: ['app']}}, 'spec.selector.matchLabels'],
  [
    'a port that is neither number nor text',
    {strategy: {rollingUpdate: {maxSurge: true}}},
    'spec.strategy.rollingUpdate.maxSurge',
  ],
])('Kubernetes: %s is refused', (_, spec, property) => {
  expect(kubernetes.schema.check(DEPLOYMENT, deployment(spec)).map((failure) => failure.property)).toEqual([property])
})

test('Kubernetes: what may be a number or a text may be either', () => {
  for (const maxSurge of [1, '25%']) {
    expect(kubernetes.schema.check(DEPLOYMENT, deployment({strategy: {rollingUpdate: {maxSurge}}}))).toEqual([])
  }
})

test('another API version than the type has is refused', () => {
  const failures = kubernetes.schema.check(DEPLOYMENT, {...deployment({}), apiVersion: 'apps/v2'})
  expect(failures).toEqual([{property: 'apiVersion', reason: 'must be "apps/v1", got "apps/v2"'}])
})

test('custom resources of GKE are as strict', () => {
  const spec = {serviceAccountName: 'api', secretProviderClassName: 's', secretObject: {type: 'Opaque', data: []}}
  const sync = {apiVersion: 'secret-sync.gke.io/v1', kind: 'SecretSync', spec}
  expect(kubernetes.schema.check(SYNC, sync)).toEqual([])
  const wrong = {...sync, spec: {...spec, secretProviderClass: 's'}}
  expect(kubernetes.schema.check(SYNC, wrong)).toMatchObject([{property: 'spec.secretProviderClass'}])
})

test('a value that is not known yet fits everywhere', () => {
  const inputs = {name: UNKNOWN, mtu: UNKNOWN, autoCreateSubnetworks: UNKNOWN, params: UNKNOWN}
  expect(gcp.schema.check(NETWORK, inputs)).toEqual([])
})

test('all problems are told at once', () => {
  expect(gcp.schema.check(FIREWALL, {nam: 1, priority: 'high'})).toHaveLength(3)
})

test.each([
  ['machinetype', 'machineType'],
  ['nmae', 'name'],
  ['zebra', undefined],
])('the name most like %s is %s', (wrong, right) => {
  expect(nearest(wrong, ['machineType', 'name', 'network'])).toBe(right)
})
