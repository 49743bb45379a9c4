import {expect, test} from 'vitest'
import {finishedLines} from '../../src/report/operation.ts'
import {colourless} from '../../src/report/style.ts'

const PLAN = {procedure: 'failover', from: 'us-east1', to: 'europe-west1', steps: []}
const FIGURES = {ms: 1_000, loss: 'Nothing.', leftBehind: []}

test.each([
  ['not asked', {}, []],
  ['open', {recoverableSince: 0}, [expect.stringMatching(/^ {2}Protected again: every moment since 19(69|70)/)]],
  ['not open yet', {recoverableSince: null}, [expect.stringMatching(/^ {2}Not protected yet/)]],
  ['with instances that were replaced', {leftBehind: ['a', 'b']}, [expect.stringMatching(/^ {2}Left behind: a, b\./)]],
])('the end of an operation is honest about its recovery window: %s', (_, figures, expected) => {
  expect(finishedLines(PLAN, {...FIGURES, ...figures}, false, colourless).slice(2)).toEqual(expected)
})
