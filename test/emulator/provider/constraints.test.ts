import {expect, test} from 'vitest'
import {breaches, loadConstraints} from '../../../src/emulator/provider/constraints.ts'
import {loadSchemas} from '../../../src/emulator/provider/schemas.ts'
import {GCP_TOKENS} from '../../../src/emulator/provider/tokens.ts'
import {UNKNOWN} from '../../../src/emulator/provider/values.ts'

const table = loadConstraints()
const CLUSTER = 'gcp:container/cluster:Cluster'
const POOL = 'gcp:container/nodePool:NodePool'
const BACKENDS = 'gcp:compute/backendService:BackendService'
const FIREWALL = 'gcp:compute/firewall:Firewall'
const SECRET = 'gcp:secretmanager/secret:Secret'
const SLO = 'gcp:monitoring/slo:Slo'
const breachesOf = (token: string, inputs: Record<string, unknown>) => breaches(table[token]!, inputs)

test.each([
  [
    'a value outside its set',
    POOL,
    {upgradeSettings: {strategy: 'SHORT_LIVED'}},
    'upgradeSettings.strategy',
    'one of ["SURGE" "BLUE_GREEN"], got SHORT_LIVED',
  ],
  [
    'one deep in a list',
    BACKENDS,
    {backends: [{}, {balancingMode: 'FAIR'}]},
    'backends[1].balancingMode',
    'to be one of',
  ],
  ['one of a list of values', BACKENDS, {localityLbPolicy: 'FAIR'}, 'localityLbPolicy', 'to be one of'],
  ['a number over its range', FIREWALL, {priority: 70_000}, 'priority', 'in the range (0 - 65535), got 70000'],
  [
    'two inputs that exclude each other',
    CLUSTER,
    {clusterIpv4Cidr: '10.0.0.0/14', ipAllocationPolicy: {}},
    'clusterIpv4Cidr',
    'only one of clusterIpv4Cidr, ipAllocationPolicy can be given',
  ],
  [
    'none where one is needed',
    SECRET,
    {replication: {}},
    'replication.auto',
    'one of replication.auto, replication.userManaged must be given',
  ],
  [
    'both where one is needed',
    SLO,
    {calendarPeriod: 'DAY', rollingPeriodDays: 28},
    'calendarPeriod',
    'but calendarPeriod, rollingPeriodDays were',
  ],
  [
    'one without its fellow',
    SECRET,
    {replication: {auto: {}}, rotation: {nextRotationTime: 'x'}},
    'rotation',
    'topics is missing',
  ],
])('%s is a breach', (_, token, inputs, property, reason) => {
  const found = breachesOf(token, inputs).find((breach) => breach.property === property)
  expect(found?.reason).toContain(reason)
})

test('what is not known yet breaks no rule, and a rule about an object holds only where the object is', () => {
  expect(breachesOf(FIREWALL, {allows: [], direction: UNKNOWN, priority: UNKNOWN})).toEqual([])
  expect(breachesOf(SECRET, {})).toEqual([])
  expect(breachesOf(SECRET, {replication: {auto: UNKNOWN}})).toEqual([])
  expect(breachesOf(SECRET, {replication: {auto: {}, userManaged: UNKNOWN}})).toEqual([])
})

test('the table is about types the emulator knows and names only inputs that they have', () => {
  const {schema} = loadSchemas().gcp
  for (const [token, {immutable = [], oneOf = {}, between = {}, groups = []}] of Object.entries(table)) {
    expect(GCP_TOKENS).toContain(token)
    const paths = [...immutable, ...Object.keys(oneOf), ...Object.keys(between), ...groups.flatMap(({of}) => of)]
    expect(
      paths.filter((path) => !schema.accepts(token, path)),
      token,
    ).toEqual([])
  }
})
