import {expect, test} from 'vitest'
import {markdownOf, shape} from '../bench/failover/shape.ts'

const waiting = {
  write: {made: 5, failed: 0, worstMs: 812},
  read: {made: 9, failed: 0, worstMs: 30},
  strong: {made: 2, failed: 1, worstMs: 40},
}
const trial = (writeGapMs: number, over = {}) => ({
  ...{writeGapMs, firstWriteMs: writeGapMs + 100, lost: 0, requests: 1_000, failures: {}, violations: [], waiting},
  ...{failedReads: 0, failedStrongReads: 1, failedWrites: 0},
  ...over,
})

test('trials become spreads and sums, and one that failed is told', () => {
  const thirty = Array.from({length: 30}, (_, index) => trial(500 + index))
  expect(shape(thirty, ['it ended with 22'])).toMatchObject({
    runs: 30,
    writeGapMs: {p50: 514, p95: 528, max: 529},
    requests: 30_000,
    failedStrongReads: 30,
    waiting: {made: 480, failed: 30, worstMs: 812},
    trialsFailed: ['it ended with 22'],
  })
})

test('a loss beyond what was stated is counted', () => {
  const within = trial(2_000, {afterCommandMs: 1_500, boundSeconds: 3.2, lostSeconds: 0.4, lost: 12})
  const beyond = {...within, lostSeconds: 3.4}
  expect(shape([within, within])).toMatchObject({boundExceeded: 0, lost: 24, boundSeconds: {p50: 3.2, max: 3.2}})
  expect(shape([within, beyond])).toMatchObject({boundExceeded: 1})
})

test('the table has a row per measurement, also for one without an application', () => {
  const rows = markdownOf({planned: shape([trial(600)]), floor: shape([{writeGapMs: 90, firstWriteMs: 95, lost: 0}])})
  expect(rows.split('\n').slice(2)).toEqual([
    '| planned, 1 | 600 / 600 / 600 ms | 700 / 700 / 700 ms | 0 | 0 reads, 1 reads of the primary, 0 writes of 1000 | 1 of 16, 812 ms |',
    '| floor, 1 | 90 / 90 / 90 ms | 95 / 95 / 95 ms | 0 | – | – |',
  ])
})
