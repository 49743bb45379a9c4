import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const testsIn = (folder: string) =>
  readdirSync(join(import.meta.dirname, folder)).map((file) => read(`test/emulator/sql/${folder}/${file}`))

test.each([
  ['Cloud SQL', [...testsIn('.'), read('test/e2e/emulator-sql.test.ts')]],
  ['Cloud DNS', testsIn('../dns')],
  [
    'Cloud Monitoring',
    [...testsIn('../monitoring'), read('test/emulator/pubsub/rest.test.ts'), read('test/e2e/emulator-sql.test.ts')],
  ],
])('every behaviour of %s has a test of the same name and a page that describes the real thing', (title, tests) => {
  const section = read('src/emulator/BEHAVIOUR.md')
    .split(/^## /m)
    .find((each) => each.startsWith(`${title}\n`))
  const entries = (section ?? '').split(/^### /m).slice(1)
  expect(entries.length).toBeGreaterThan(5)
  const page =
    /\[(Google|PostgreSQL)\]\(https:\/\/(cloud\.google\.com|github\.com\/GoogleCloudPlatform|www\.postgresql\.org)\//
  expect(entries.filter((entry) => !page.test(entry))).toEqual([])
  const headings = entries.map((entry) => entry.split('\n')[0]!)
  expect(headings.filter((heading) => !tests.some((text) => text.includes(`'${heading}'`)))).toEqual([])
})
