/** Stands for the emulator's program: `start` serves health and writes emulator.json, or dies with the words in FAKE_LAST_WORDS. */
import {readFileSync, realpathSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'

const [verb] = process.argv.slice(2)
const dir = process.argv[process.argv.indexOf('--dir') + 1]!
const file = join(dir, 'emulator.json')

if (verb === 'stop') {
  const {pid} = JSON.parse(readFileSync(file, 'utf8'))
  process.kill(pid, 'SIGTERM')
  rmSync(file)
} else if (process.env.FAKE_LAST_WORDS) {
  process.stderr.write(`${process.env.FAKE_LAST_WORDS}\n`)
  process.exitCode = 1
} else if (process.env.FAKE_HANGS) {
  setInterval(() => {}, 1000)
} else {
  const server = createServer((_, answer) => answer.end(JSON.stringify({dir: realpathSync(dir)}))).listen(
    0,
    '127.0.0.1',
    () => {
      const {port} = server.address() as AddressInfo
      const googleapis = `http://127.0.0.1:${port}`
      const facts = {
        version: 1,
        pid: process.pid,
        startedAt: '',
        googleapis,
        providers: {gcp: 1, kubernetes: 2},
        pubsub: '',
      }
      writeFileSync(`${file}.new`, JSON.stringify(facts))
      renameSync(`${file}.new`, file)
    },
  )
}
