import {readdirSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'

test('every behaviour of the Kubernetes API has a test of the same name', () => {
  const spec = readFileSync(new URL('../../../src/emulator/BEHAVIOUR.md', import.meta.url), 'utf8')
  const section = spec.split(/^## /m).find((each) => each.startsWith('Kubernetes API\n')) ?? ''
  const headings = [...section.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading!)
  const tests = readdirSync(import.meta.dirname).map((file) => readFileSync(`${import.meta.dirname}/${file}`, 'utf8'))
  expect(headings.length).toBeGreaterThan(20)
  expect(headings.filter((heading) => !tests.some((text) => text.includes(heading)))).toEqual([])
})
