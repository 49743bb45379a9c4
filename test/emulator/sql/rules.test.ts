import {describe, expect, test} from 'vitest'
import type {Props} from '../../../src/emulator/contract.ts'
import {newResource} from '../../../src/emulator/sql/api.ts'
import {settingsFromInputs} from '../../../src/emulator/sql/resource.ts'
import {instanceProblems, type Request, replicaMismatch, shrinks} from '../../../src/emulator/sql/rules.ts'

const BACKUPS = {enabled: true, pointInTimeRecoveryEnabled: true}
const SETTINGS = {tier: 'db-custom-2-7680', edition: 'ENTERPRISE', backupConfiguration: BACKUPS} as const
const PRIMARY: Request = {name: 'app-us-g1', region: 'us-east1', databaseVersion: 'POSTGRES_16', settings: SETTINGS}
const REPLICA: Request = {
  ...PRIMARY,
  instanceType: 'READ_REPLICA_INSTANCE',
  masterInstanceName: 'app-eu-g1',
  settings: {tier: 'db-custom-2-7680', edition: 'ENTERPRISE'},
}

const problems = (request: Request) => instanceProblems(newResource('rehearsal', request)).map(({property}) => property)
const withSettings = (settings: Props): Request => ({...PRIMARY, settings: {...SETTINGS, ...settings}})

test('a primary and a replica as ha declares them are accepted', () => {
  expect(problems(PRIMARY)).toEqual([])
  expect(problems(withSettings({availabilityType: 'REGIONAL'}))).toEqual([])
  expect(problems(REPLICA)).toEqual([])
  expect(problems(withSettings({edition: 'ENTERPRISE_PLUS', tier: 'db-perf-optimized-N-2'}))).toEqual([])
})

describe('an instance is refused with', () => {
  const cases: [string, Request, string][] = [
    ['an upper-case name', {...PRIMARY, name: 'App'}, 'name'],
    ['a name that starts with a digit', {...PRIMARY, name: '1app'}, 'name'],
    ['a name that ends with a hyphen', {...PRIMARY, name: 'app-'}, 'name'],
    ['a name too long together with its project', {...PRIMARY, name: 'a'.repeat(89)}, 'name'],
    ['no region', {...PRIMARY, region: ''}, 'region'],
    ['another engine', {...PRIMARY, databaseVersion: 'MYSQL_8_0'}, 'databaseVersion'],
    ['a replica’s type and no primary', {...PRIMARY, instanceType: 'READ_REPLICA_INSTANCE'}, 'masterInstanceName'],
    ['a primary’s type and a primary', {...REPLICA, instanceType: 'CLOUD_SQL_INSTANCE'}, 'masterInstanceName'],
    ['backups on a replica', {...REPLICA, settings: SETTINGS}, 'settings.backupConfiguration.enabled'],
    ['no tier', withSettings({tier: ''}), 'settings.tier'],
    ['an ENTERPRISE tier in ENTERPRISE_PLUS', withSettings({edition: 'ENTERPRISE_PLUS'}), 'settings.tier'],
    ['an ENTERPRISE_PLUS tier in ENTERPRISE', withSettings({tier: 'db-perf-optimized-N-2'}), 'settings.tier'],
    ['an odd number of vCPUs', withSettings({tier: 'db-custom-3-7680'}), 'settings.tier'],
    ['memory that is no multiple of 256 MB', withSettings({tier: 'db-custom-2-7681'}), 'settings.tier'],
    ['too much memory per vCPU', withSettings({tier: 'db-custom-1-7680'}), 'settings.tier'],
    [
      'high availability without backups',
      withSettings({availabilityType: 'REGIONAL', backupConfiguration: {enabled: false}}),
      'settings.backupConfiguration',
    ],
    [
      'point-in-time recovery without backups',
      withSettings({backupConfiguration: {enabled: false, pointInTimeRecoveryEnabled: true}}),
      'settings.backupConfiguration.pointInTimeRecoveryEnabled',
    ],
    [
      'more days of logs than its edition keeps',
      withSettings({
        backupConfiguration: {
          ...BACKUPS,
          transactionLogRetentionDays: 8,
          backupRetentionSettings: {retainedBackups: 8},
        },
      }),
      'settings.backupConfiguration.transactionLogRetentionDays',
    ],
    [
      'an unknown flag',
      withSettings({databaseFlags: [{name: 'fsync', value: 'off'}]}),
      'settings.databaseFlags[0].name',
    ],
    [
      'a flag set twice',
      withSettings({
        databaseFlags: [
          {name: 'work_mem', value: '1'},
          {name: 'work_mem', value: '2'},
        ],
      }),
      'settings.databaseFlags[1].name',
    ],
    ['a disk of 5 GB', withSettings({dataDiskSizeGb: '5'}), 'settings.diskSize'],
    ['no address at all', withSettings({ipConfiguration: {ipv4Enabled: false}}), 'settings.ipConfiguration'],
    [
      'an availability type that does not exist',
      withSettings({availabilityType: 'GLOBAL'}),
      'settings.availabilityType',
    ],
  ]
  test.each(cases)('%s', (_name, request, property) => {
    expect(problems(request)).toContain(property)
  })
})

test('from PostgreSQL 16 on an unset edition is ENTERPRISE_PLUS, so a custom tier is refused', () => {
  const unset = (databaseVersion: string): Request => ({
    ...PRIMARY,
    databaseVersion,
    settings: {tier: 'db-custom-2-7680', backupConfiguration: BACKUPS},
  })
  expect(problems(unset('POSTGRES_15'))).toEqual([])
  expect(problems(unset('POSTGRES_16'))).toEqual(['settings.tier'])
})

test('a replica has its primary’s version and no smaller limits', () => {
  const primary = newResource('rehearsal', withSettings({databaseFlags: [{name: 'max_connections', value: '500'}]}))
  const replica = (request: Request) => newResource('rehearsal', {...REPLICA, ...request})
  const flags = [{name: 'max_connections', value: '500'}]
  const equal = {...REPLICA.settings, databaseFlags: flags} as Request['settings']
  expect(replicaMismatch(replica({settings: equal!}), primary)).toBeUndefined()
  expect(replicaMismatch(replica({}), primary)).toContain('max_connections')
  expect(replicaMismatch(replica({settings: equal!, databaseVersion: 'POSTGRES_17'}), primary)).toContain(
    'databaseVersion',
  )
  expect(replicaMismatch(replica({}), replica({}))).toContain('is itself a replica')
})

test('a disk grows and never shrinks', () => {
  expect(shrinks({dataDiskSizeGb: '100'}, {dataDiskSizeGb: '50'})).toBe(true)
  expect(shrinks({dataDiskSizeGb: '100'}, {dataDiskSizeGb: '200'})).toBe(false)
})

test('what Pulumi calls a setting has Google’s name in the API', () => {
  const inputs = {
    tier: 't',
    diskSize: 20,
    diskType: 'PD_SSD',
    diskAutoresize: true,
    version: 3,
    effectiveAvailabilityType: 'ZONAL',
  }
  expect(settingsFromInputs(inputs)).toEqual({
    tier: 't',
    dataDiskSizeGb: '20',
    dataDiskType: 'PD_SSD',
    storageAutoResize: true,
    settingsVersion: '3',
  })
})
