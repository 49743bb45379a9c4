import {expect, test} from 'vitest'
import type {GraphResult, NodeResult} from '../../src/engine/run-graph.ts'
import {assertSucceeded, assertWhole} from '../../src/environment/run.ts'
import {HaError} from '../../src/errors.ts'

const node = (name: string, how: NodeResult['how'], code?: string): NodeResult => ({
  name,
  how,
  counts: {},
  problems: code === undefined ? [] : [{code, message: 'it went wrong', next: []}],
})
const result = (...nodes: NodeResult[]): GraphResult => ({
  ok: nodes.every(({how}) => how === 'done'),
  interrupted: false,
  silent: [],
  nodes,
  plan: [],
  recorded: {},
  fingerprints: {},
})

function refusal(of: GraphResult): HaError {
  try {
    assertSucceeded(of, 'ha destroy')
  } catch (thrown) {
    return thrown as HaError
  }
  throw new Error('It was taken for a success.')
}

test('a graph in which everything is done is a success', () => {
  expect(() => assertSucceeded(result(node('edge', 'done')), 'ha deploy')).not.toThrow()
})

test('a failure names what failed and what could not run without it', () => {
  const {code, message} = refusal(result(node('data', 'failed', 'RESOURCE_FAILED'), node('app-a', 'left-out')))
  expect([code, message]).toEqual(['STACK_FAILED', 'data failed; app-a could not run without.'])
})

test('a full disk is told as one, whatever stacks failed for want of it', () => {
  const {code, exit} = refusal(result(node('cell-a', 'failed', 'RESOURCE_FAILED'), node('data', 'failed', 'DISK_FULL')))
  expect([code, exit]).toEqual(['DISK_FULL', 69])
})

test('an error of the run itself keeps its code', () => {
  const failed = {
    ...result(node('migration', 'failed')),
    error: new HaError('MIGRATION_FAILED', 'no', {next: ['Mend it.']}),
  }
  expect(refusal(failed)).toMatchObject({
    code: 'MIGRATION_FAILED',
    next: ['Mend it.', expect.stringContaining('ha destroy')],
  })
})

test('an interrupted run is told as interrupted', () => {
  expect(refusal({...result(node('data', 'interrupted')), interrupted: true}).code).toBe('INTERRUPTED')
})

test('a deploy that left out a silent region is no failure and no success: exit 22, with what was left alone', () => {
  const partial = {...result(node('app-a', 'silent'), node('app-b', 'done')), silent: ['a']}
  expect(() => assertWhole(partial, 'ha')).toThrow(
    expect.objectContaining({
      code: 'REGION_SILENT',
      exit: 22,
      message: expect.stringContaining('app-a'),
      data: {regions: ['a'], left: ['app-a']},
      next: expect.arrayContaining([expect.stringContaining('ha failover --region a')]),
    }),
  )
  expect(() => assertWhole(result(node('app-a', 'done')), 'ha')).not.toThrow()
})
