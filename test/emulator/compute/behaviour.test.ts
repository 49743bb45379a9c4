import {readdirSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'

test('every behaviour of the load balancer has a test of the same name and a page of Google’s', () => {
  const spec = readFileSync(new URL('../../../src/emulator/BEHAVIOUR.md', import.meta.url), 'utf8')
  const section = spec.split(/^## /m).find((each) => each.startsWith('Load balancing\n')) ?? ''
  const entries = section.split(/^### /m).slice(1)
  const tests = readdirSync(import.meta.dirname).map((file) => readFileSync(`${import.meta.dirname}/${file}`, 'utf8'))
  expect(entries.length).toBeGreaterThan(30)
  expect(entries.filter((entry) => !/\[Google\]\(https:\/\/(cloud\.google|registry\.terraform)/.test(entry))).toEqual(
    [],
  )
  const headings = entries.map((entry) => entry.split('\n')[0]!)
  expect(headings.filter((heading) => !tests.some((text) => text.includes(heading)))).toEqual([])
})
