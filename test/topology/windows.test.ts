/** When planned operations are blocked, by the clocks of the window's own zone. */
import {expect, test} from 'vitest'
import type {BlockedWindow} from '../../src/config/config.ts'
import {isWithin, wordsOf} from '../../src/topology/windows.ts'

const window = (over: Partial<BlockedWindow>): BlockedWindow => ({days: [], zone: 'UTC', reason: 'ball', ...over})
const NIGHT = {from: 18 * 60, to: 6 * 60}
const WORK = {from: 8 * 60, to: 18 * 60}
const FREEZE = {from: '2026-12-20', to: '2027-01-03'}
const zurich = 'Europe/Zurich'

/** 2026-12-18 is a Friday. */
test.each<[string, Partial<BlockedWindow>, string, boolean]>([
  ['the day itself', {days: ['fri']}, '2026-12-18T00:00Z', true],
  ['the day after', {days: ['fri']}, '2026-12-19T00:00Z', false],
  ['already Saturday in Zurich', {days: ['sat'], zone: zurich}, '2026-12-18T23:00Z', true],
  ['still Friday in Zurich', {days: ['sat'], zone: zurich}, '2026-12-18T22:59Z', false],
  ['in summer, when Zurich is two hours ahead', {days: ['sat'], zone: zurich}, '2026-07-17T22:00Z', true],
  ['within hours', {hours: WORK}, '2026-12-18T17:59Z', true],
  ['when hours end', {hours: WORK}, '2026-12-18T18:00Z', false],
  ['midnight of whole days', {days: ['fri'], hours: {from: 0, to: 1440}}, '2026-12-18T23:59Z', true],
  ['the evening of the day', {days: ['fri'], hours: NIGHT}, '2026-12-18T18:00Z', true],
  ['the night that began on the day', {days: ['fri'], hours: NIGHT}, '2026-12-19T05:59Z', true],
  [
    'the morning of the day, whose night began the day before',
    {days: ['fri'], hours: NIGHT},
    '2026-12-18T05:59Z',
    false,
  ],
  ['the first minute of a freeze', {dates: FREEZE}, '2026-12-20T00:00Z', true],
  ['the last minute of a freeze', {dates: FREEZE}, '2027-01-03T23:59Z', true],
  ['the minute after a freeze', {dates: FREEZE}, '2027-01-04T00:00Z', false],
  ['the night after the last day of a freeze', {dates: FREEZE, hours: NIGHT}, '2027-01-04T05:00Z', true],
  ['a day of a freeze, outside its hours', {dates: FREEZE, hours: WORK}, '2026-12-25T07:59Z', false],
])('%s', (_, over, at, expected) => {
  expect(isWithin(window(over), Date.parse(at))).toBe(expected)
})

test('a window is told in words', () => {
  expect(wordsOf(window({days: ['sat', 'sun'], hours: NIGHT, dates: FREEZE}))).toBe(
    'between 2026-12-20 and 2027-01-03 on sat, sun from 18:00 to 06:00 (UTC): ball',
  )
})
