/**
 * Judges a ledger: `node test/load/verify.ts --ledger FILE --database URL [--former URL] [--claimed-seconds N] [--settle 60]`.
 * `--database` is the surviving primary, `--former` a former one that still answers. Prints the verdict as JSON; ends with 1 for a
 * violation. `--note-timelines --database URL` instead prepares the outbox before a run.
 */
import {parseArgs} from 'node:util'
import {check} from './check.ts'
import {readLedger} from './ledger.ts'
import {noteTimelines, readRows, settled} from './rows.ts'

const text = {type: 'string'} as const
const {values} = parseArgs({
  options: {
    ledger: text,
    database: text,
    former: text,
    'claimed-seconds': text,
    settle: {...text, default: '60'},
    'note-timelines': {type: 'boolean', default: false},
  },
})
const {ledger: path, database, former, 'claimed-seconds': seconds} = values
if (!database || (!path && !values['note-timelines'])) {
  process.stderr.write('Needed: --ledger and --database.\n')
  process.exit(64)
}
if (values['note-timelines']) {
  await noteTimelines(database)
} else {
  const ledger = await readLedger(path!)
  const {run} = ledger.header
  const {rows, tallies} = await settled(database, run, Number(values.settle) * 1_000)
  if (rows.length === 0) process.stderr.write(`Nothing of ${run} is there: is it the right database?\n`)
  const kept = new Set(rows.map(({key}) => key))
  const orphans = former ? (await readRows(former, run)).rows.filter(({key}) => !kept.has(key)) : []
  const claimed = seconds === undefined ? {} : {claimed: {seconds: Number(seconds)}}
  const verdict = check({ledger, rows, tallies, orphans, ...claimed})
  const shown = {...verdict, findings: verdict.findings.slice(0, 20), found: verdict.findings.length}
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
  process.exitCode = verdict.ok ? 0 : 1
}
