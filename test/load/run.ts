/**
 * Sends load and keeps its ledger: `node test/load/run.ts --url U --ledger FILE [--rate 200] [--seconds 30] [--fresh-connections 0.2]
 * [--workers N] [--writes 0.4] [--samples]`. Prints a summary as JSON, with `--samples` every request as well, and ends by itself.
 * SIGINT or SIGTERM end it early and in order.
 */
import {parseArgs} from 'node:util'
import {runLoad} from './load.ts'

const text = {type: 'string'} as const
const {values} = parseArgs({
  options: {
    url: text,
    ledger: text,
    rate: {...text, default: '200'},
    seconds: {...text, default: '30'},
    'fresh-connections': {...text, default: '0.2'},
    workers: text,
    writes: {...text, default: '0.4'},
    samples: {type: 'boolean', default: false},
  },
})
const {url, ledger, workers} = values
if (!url || !ledger) {
  process.stderr.write('Needed: --url of the front door, and --ledger, a file that does not exist yet.\n')
  process.exit(64)
}
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const {samples, ...result} = await runLoad({
  url,
  ledger,
  rate: Number(values.rate),
  seconds: Number(values.seconds),
  fresh: Number(values['fresh-connections']),
  writes: Number(values.writes),
  ...(workers && {workers: Number(workers)}),
  signal: stop.signal,
})
process.stdout.write(
  values.samples ? `${JSON.stringify({...result, samples})}\n` : `${JSON.stringify(result, null, 2)}\n`,
)
