import {expect, test} from 'vitest'
import {effectiveFlags, flagProblem} from '../../../src/emulator/sql/flags.ts'
import {hbaConf, postgresConf, slotOf} from '../../../src/emulator/sql/settings.ts'

const BASE = {name: 'app-us-g1', port: 5432, flags: {}}
const UPSTREAM = {host: '127.0.0.1', port: 6543, user: 'cloudsqladmin', password: 'secret'}

test('a server listens on loopback alone and never gives up durability', () => {
  const conf = postgresConf(BASE)
  expect(conf).toContain("listen_addresses = '127.0.0.1'")
  expect(conf).toContain("unix_socket_directories = ''")
  expect(conf).not.toMatch(/^(fsync|full_page_writes|synchronous_commit)/m)
})

test('a replica names its primary and its slot, a primary does not', () => {
  const replica = postgresConf({...BASE, upstream: UPSTREAM})
  expect(replica).toContain("primary_slot_name = 'app_us_g1'")
  expect(replica).toMatch(/primary_conninfo = '.*port=''6543''/)
  expect(postgresConf(BASE)).not.toContain('primary_')
})

test('flags overrule what the emulator sets, and values are quoted', () => {
  const conf = postgresConf({...BASE, flags: {max_connections: '500', log_line_prefix: "it's"}})
  expect(conf).toContain("max_connections = '500'")
  expect(conf.match(/^max_connections/gm)).toHaveLength(1)
  expect(conf).toContain("log_line_prefix = 'it''s'")
})

test('without an archive the log is thrown away, not kept until it is archived', () => {
  expect(postgresConf(BASE)).toContain("archive_command = 'true'")
  expect(postgresConf({...BASE, archive: '/a'})).toMatch(/archive_command = 'ln -f "%p" "\/a\/%f" && .*'/)
})

test('only the Auth Proxy’s IAM users come in without a password', () => {
  const trusted = hbaConf()
    .split('\n')
    .filter((line) => line.endsWith(' trust'))
  expect(trusted).toEqual(['host all +cloudsqliamuser,+cloudsqliamserviceaccount 127.0.0.1/32 trust'])
})

test('a slot’s name holds only what PostgreSQL allows', () => {
  expect(slotOf('rental-production-europe-west1-g12')).toBe('rental_production_europe_west1_g12')
})

test.each([
  ['work_mem', true],
  ['cloudsql.iam_authentication', true],
  ['pgaudit.log', true],
  ['shared_buffers', true],
  ['fsync', false],
  ['archive_command', false],
  ['nonsense', false],
])('flag %s can be set: %s', (name, allowed) => {
  expect(flagProblem({name}) === undefined).toBe(allowed)
})

test('of the flags only those reach PostgreSQL that it has and that do not size a machine', () => {
  const flags = [
    {name: 'work_mem', value: '64'},
    {name: 'cloudsql.iam_authentication', value: 'on'},
    {name: 'shared_buffers', value: '1000000'},
    {name: 'force_parallel_mode', value: 'off'},
  ]
  expect(effectiveFlags(flags)).toEqual({work_mem: '64'})
})
