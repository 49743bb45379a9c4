import {expect, test} from 'vitest'
import {safetyOf} from '../../src/environment/safety.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

test.each([
  [['us-east1', 'europe-west1'], 'the platform is not protected'],
  [['us-east1', 'europe-west1', 'us-west1'], 'only us-west1 could take over'],
])('of %o one is given up, and it is told who could still take over', (regions, expected) => {
  const roles = {...initialRoles(exampleConfig({regions})), epoch: 2, primary: 'europe-west1', lost: ['us-east1']}
  const told = safetyOf(roles, [], undefined, true).filter(({good}) => !good)
  expect(told.map(({text}) => text)).toEqual([expect.stringContaining(`us-east1 is given up: ${expected}.`)])
})
