import {expect, test} from 'vitest'
import {type Ended, reversed, runSchedule, type Task} from '../../src/engine/schedule.ts'

/** `a b>a c>a,b`: names with what they need. */
const tasks = (text: string): Task[] =>
  text.split(' ').map((word) => {
    const [name = '', needs] = word.split('>')
    return {name, needs: needs ? needs.split(',') : []}
  })

async function run(text: string, {concurrency = 9, fails = [] as string[], stopAfter = ''} = {}): Promise<string> {
  const log: string[] = []
  let running = 0
  let most = 0
  let stopped = false
  await runSchedule({
    tasks: tasks(text),
    concurrency,
    stopping: () => stopped,
    leaveOut: (task, because) => log.push(`${task.name}!${because}`),
    async run(task): Promise<Ended> {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      log.push(task.name)
      if (task.name === stopAfter) stopped = true
      return fails.includes(task.name) ? 'failed' : 'done'
    },
  })
  expect(most).toBeLessThanOrEqual(concurrency)
  return `${log.join(' ')} (${most})`
}

test.each([
  ['a b>a c>b', {}, 'a b c (1)'],
  ['a b c', {}, 'a b c (3)'],
  ['a b c', {concurrency: 2}, 'a b c (2)'],
  ['c>a,b a b', {}, 'a b c (2)'],
  ['b>elsewhere', {}, 'b (1)'],
  ['a b>a c d>c', {fails: ['a']}, 'a b!a c d (2)'],
  ['a b>a c>b d>c', {fails: ['a']}, 'a b!a c!b d!c (1)'],
  ['a b>a c>a,x x', {fails: ['a']}, 'a b!a c!a x (2)'],
  ['a b>a c', {stopAfter: 'a', concurrency: 1}, 'a (1)'],
])('%s with %j runs as %s', async (text, how, expected) => {
  expect(await run(text, how)).toBe(expected)
})

test('turning the arrows round takes apart in the opposite order', () => {
  expect(reversed(tasks('a b>a c>a,b'))).toEqual(tasks('c b>c a>b,c'))
})
