import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import type {Known, LocalFacts, PrimaryFacts} from '../../src/facts.ts'
import {messageOf} from '../../src/lean/log.ts'
import {remember} from '../../src/observer/known.ts'
import {lagOf, parseLsn} from '../../src/observer/lag.ts'
import {parseSettings} from '../../src/observer/settings.ts'

const NEEDED = {HA_REGION: 'us-east1', DATABASE_URL: 'postgresql://p/db'}

test('two variables are enough; the rest has defaults', () => {
  expect(parseSettings(NEEDED)).toEqual({
    region: 'us-east1',
    host: '0.0.0.0',
    port: 8080,
    primaryUrl: 'postgresql://p/db',
    replicaUrl: 'postgresql://p/db',
    peers: [],
    canaries: {read: {method: 'GET', path: '/readyz'}},
  })
})

test('peers, front door and canaries are read from text', () => {
  const settings = parseSettings({
    ...NEEDED,
    PEERS: 'europe-west1=https://a.example/x,us-west1=http://b.example',
    FRONT_DOOR: 'https://api.example/',
    CANARY_WRITE: 'POST /webhooks/ha {"id": "{id}"}',
  })
  expect(settings).toMatchObject({
    peers: [
      {region: 'europe-west1', url: 'https://a.example/x'},
      {region: 'us-west1', url: 'http://b.example'},
    ],
    frontDoor: 'https://api.example',
    canaries: {write: {method: 'POST', path: '/webhooks/ha', body: '{"id": "{id}"}'}},
  })
})

test.each([
  [{HA_REGION: ''}, 'HA_REGION is missing'],
  [{DATABASE_URL: undefined}, 'DATABASE_URL is missing'],
  [{PORT: 'eighty'}, 'PORT takes a port, not "eighty"'],
  [{PEERS: 'europe-west1'}, 'PEERS takes region=url pairs, not "europe-west1"'],
  [{CANARY_WRITE: '/webhooks'}, 'CANARY_WRITE takes "METHOD /path BODY", not "/webhooks"'],
])('%j is refused: %s', (change, message) => {
  expect(() => parseSettings({...NEEDED, ...change})).toThrow(message)
})

test.each([
  ['0/0', 0n],
  ['0/3000060', 0x3000060n],
  ['1/0', 1n << 32n],
  ['16/B374D848', (0x16n << 32n) + 0xb374d848n],
])('the LSN %s is %i bytes into the WAL', (text, bytes) => {
  expect(parseLsn(text)).toBe(bytes)
})

test.each(['', '3000060', '0/', 'x/1'])('"%s" is no LSN', (text) => {
  expect(() => parseLsn(text)).toThrow('Not an LSN')
})

const primary = (lsn?: string): Known<PrimaryFacts> =>
  lsn === undefined ? {} : {value: {systemId: '1', isWritable: true, timeline: 1, lsn, standbys: []}, ageMs: 0}
const local = (changed: Partial<LocalFacts>, ageMs = 0): Known<LocalFacts> => ({
  value: {systemId: '1', isReplica: true, replayedLsn: '0/2000', heartbeats: [beat(500)], ...changed},
  ageMs,
})
const beat = (ageMs: number, lsn = '0/1000') => ({region: 'us-east1', at: 0, ageMs, lsn})

test.each<[string, Known<PrimaryFacts>, Known<LocalFacts>, object | undefined]>([
  ['a heartbeat within its second is no lag', primary('0/2000'), local({}), {seconds: 0, bytes: 0}],
  ['WAL that is not replayed is lag', primary('0/2400'), local({}), {seconds: 0, bytes: 1024}],
  ['a late heartbeat is lag', primary('0/2000'), local({heartbeats: [beat(3_500)]}), {seconds: 2.5, bytes: 0}],
  [
    'the youngest heartbeat counts',
    primary(),
    local({heartbeats: [beat(9_000), beat(1_200)]}),
    {seconds: 0.2, bytes: 0},
  ],
  ['silence of the replica counts as lag', primary(), local({}, 4_000), {seconds: 3.5, bytes: 0}],
  ['a position ahead of what is known is not negative', primary('0/1000'), local({}), {seconds: 0, bytes: 0}],
  ['a primary has no lag', primary('0/2000'), local({isReplica: false}), undefined],
  ['without a heartbeat nothing is known', primary('0/2000'), local({heartbeats: []}), undefined],
  ['without an answer nothing is known', primary('0/2000'), {}, undefined],
])('%s', (_title, of, at, expected) => {
  expect(lagOf(of, at)).toEqual(expected)
})

test('what fails keeps its last answer, its age, and since when it fails', () => {
  const memory = remember<string>()
  expect(memory.tell(0)).toEqual({})
  memory.fail(new Error('refused'), 10)
  expect(memory.tell(30)).toEqual({failing: {forMs: 20, message: 'refused'}})
  memory.learn('up', 40)
  expect(memory.tell(45)).toEqual({value: 'up', ageMs: 5})
  memory.fail(new Error('gone'), 50)
  memory.fail(new Error('gone again'), 60)
  expect(memory.tell(70)).toEqual({value: 'up', ageMs: 30, failing: {forMs: 20, message: 'gone again'}})
})

test('a refusal by two addresses says what the first said', () => {
  expect(messageOf(new AggregateError([new Error('connect ECONNREFUSED ::1')], ''))).toBe('connect ECONNREFUSED ::1')
})

test('the image says by number that it does not run as root, and starts as the local target starts the program', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const dockerfile = read('src/observer/Dockerfile')
  expect(dockerfile).toMatch(/^USER [1-9]\d*$/m)
  const [, start] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? []
  expect(read('src/deploy/images.ts')).toContain(`${(JSON.parse(start!) as string[]).join(' ')} '`)
})
