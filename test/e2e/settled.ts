/** What is expected of every change of primary, whatever else is looked at. */
import {expect} from 'vitest'
import type {Platform} from './platform.ts'

/** Runs `ha ARGS` to its end, without asking; fails when it does. Resolves with what it found. */
export async function done(platform: Platform, ...args: string[]) {
  const ended = await platform.ha(...args, '--yes', '--json')
  expect(ended.code, ended.stderr + JSON.stringify(ended.events.filter(({kind}) => kind.endsWith('.failed')))).toBe(0)
  return ended.result
}

/** The region is on record as the primary, with these roles beside, and nothing is left to be deployed. */
export async function expectPrimary(platform: Platform, region: string, roles: object): Promise<void> {
  expect((await platform.ha('status', '--json')).result.roles).toMatchObject({primary: region, ...roles})
  const plan = await platform.ha('plan', '--detailed-exitcode')
  expect(plan.code, plan.stdout).toBe(0)
}
