import {expect, test} from 'vitest'
import {refreshInputs} from '../../../src/emulator/provider/refresh.ts'
import {newResource} from '../../../src/emulator/sql/api.ts'
import {outputsOf, viewOf} from '../../../src/emulator/sql/outputs.ts'
import {localInputs, settingsFromInputs, specOf} from '../../../src/emulator/sql/resource.ts'

/** As stacks/data/program.ts declares a primary. */
const INPUTS = {
  project: 'rehearsal',
  name: 'app-us-g1',
  region: 'us-east1',
  databaseVersion: 'POSTGRES_16',
  instanceType: 'CLOUD_SQL_INSTANCE',
  deletionProtection: false,
  settings: {
    edition: 'ENTERPRISE',
    tier: 'db-custom-2-7680',
    availabilityType: 'REGIONAL',
    diskType: 'PD_SSD',
    diskSize: 100,
    diskAutoresize: true,
    deletionProtectionEnabled: false,
    connectorEnforcement: 'REQUIRED',
    backupConfiguration: {
      enabled: true,
      pointInTimeRecoveryEnabled: true,
      startTime: '03:00',
      transactionLogRetentionDays: 7,
      backupRetentionSettings: {retainedBackups: 7, retentionUnit: 'COUNT'},
    },
    ipConfiguration: {
      ipv4Enabled: false,
      privateNetwork: 'projects/rehearsal/global/networks/n',
      sslMode: 'ENCRYPTED_ONLY',
    },
    databaseFlags: [{name: 'cloudsql.iam_authentication', value: 'on'}],
    insightsConfig: {queryInsightsEnabled: true, recordApplicationTags: true},
    dataApiAccess: 'ALLOW_DATA_API',
    userLabels: {'ha-app': 'app'},
  },
}

const stored = (inputs = INPUTS) => ({
  resource: newResource('rehearsal', {...inputs, settings: settingsFromInputs(inputs.settings)} as never),
  local: localInputs(inputs),
  port: 5432,
})

test('the state holds every input as it was given, so that nothing differs when nothing changed', () => {
  expect(refreshInputs(INPUTS, outputsOf(stored()))).toEqual(INPUTS)
})

test('the state holds what Google computes', () => {
  const outputs = outputsOf(stored())
  expect(outputs).toMatchObject({
    connectionName: 'rehearsal:us-east1:app-us-g1',
    selfLink: 'https://sqladmin.googleapis.com/sql/v1beta4/projects/rehearsal/instances/app-us-g1',
    masterInstanceName: '',
    replicaNames: [],
    firstIpAddress: '127.0.0.1',
    privateIpAddress: '127.0.0.1',
    publicIpAddress: '',
    settings: {version: 1, activationPolicy: 'ALWAYS', pricingPlan: 'PER_USE', effectiveAvailabilityType: 'REGIONAL'},
  })
  expect(outputs.serviceAccountEmailAddress).toMatch(/@gcp-sa-cloud-sql\.iam\.gserviceaccount\.com$/)
})

test('a primary in ENTERPRISE_PLUS with a private network has a write endpoint', () => {
  const plus = {...INPUTS, settings: {...INPUTS.settings, edition: 'ENTERPRISE_PLUS', tier: 'db-perf-optimized-N-2'}}
  expect(viewOf(stored(plus)).writeEndpoint).toMatch(/\.global\.sql-psa\.goog\.$/)
  expect(viewOf(stored()).writeEndpoint).toBeUndefined()
})

test('the region is told to archive only where point-in-time recovery is on, and to run unless it is stopped', () => {
  expect(specOf(stored().resource)).toMatchObject({availability: 'REGIONAL', archiving: true, active: true})
  const settings = {...INPUTS.settings, activationPolicy: 'NEVER', backupConfiguration: {enabled: true}}
  expect(specOf(stored({...INPUTS, settings} as never).resource)).toMatchObject({archiving: false, active: false})
})
