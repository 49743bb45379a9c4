import {expect, test} from 'vitest'
import type {Preset} from '../../src/config/config.ts'
import {costLine, costLines, costOf, PRICES_AS_OF} from '../../src/report/cost.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const topology = (preset: Preset, regions = ['us-east1', 'europe-west1']) => {
  const config = {...exampleConfig(), target: 'gcp' as const, preset, regions}
  return deriveTopology(config, initialRoles(config))
}
const total = (...args: Parameters<typeof topology>) => costOf(topology(...args)).reduce((sum, {usd}) => sum + usd, 0)

test('a higher preset costs more, and every region adds its own', () => {
  expect(total('dev')).toBeLessThan(total('standard'))
  expect(total('standard')).toBeLessThan(total('critical'))
  expect(total('standard', ['us-east1', 'europe-west1', 'us-west1'])).toBeGreaterThan(total('standard') + 400)
})

test('a database in two zones costs twice', () => {
  const sql = costOf(topology('standard', ['us-east1', 'us-west1'])).filter(({what}) => what.startsWith('Cloud SQL'))
  expect(sql).toHaveLength(2)
  expect(sql[0]!.usd).toBeCloseTo(sql[1]!.usd * 2)
})

test('the figure is called an estimate, with the date of its prices', () => {
  expect(costLine(topology('standard'))).toMatch(/^About [\d,]+0 USD a month at rest: an estimate/)
  expect(costLine(topology('standard'))).toContain(`as of ${PRICES_AS_OF}, unverified`)
  expect(costLines(topology('standard')).join('\n')).toContain('GKE cluster')
})
