/** Adds up vitest's JSON results and prints CI's last line. Arguments: folder of results, exit status of the run. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'

const [folder, status] = process.argv.slice(2)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const results = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
const sum = (field) => results.reduce((total, result) => total + result[field], 0)
const passed = sum('numPassedTests')
// A suite that cannot even load runs no test; what failed before any test ran (types, lint, build) counts as one.
const broken = results.reduce(
  (n, {testResults}) =>
    n + testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length,
  0,
)
const failed = Math.max(sum('numFailedTests') + broken, status === '0' ? 0 : 1)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
