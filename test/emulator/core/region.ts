/** Stands for a region's process: answers its control calls, and has a child that leaves the group, as PostgreSQL's backends do. */
import {spawn} from 'node:child_process'
import {renameSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {join} from 'node:path'
import {parseArgs} from 'node:util'

const TEXT = {type: 'string'} as const
const {values} = parseArgs({
  options: {region: TEXT, zones: TEXT, project: TEXT, dir: TEXT, emulator: TEXT, googleapis: TEXT, pubsub: TEXT},
})
const strayed = spawn('sleep', ['600'], {
  detached: true,
  stdio: 'ignore',
  env: {...process.env, EMULATED_PROCESS: join(values.dir!, 'strayed.pid')},
})

const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(1)
  if (request.url === '/silence') return
  const answer = request.url === '/kubernetes/cluster' ? {endpoint: '127.0.0.1:4321'} : {...values, pid: process.pid}
  response.end(JSON.stringify({...answer, strayed: strayed.pid}))
})
server.listen(0, '127.0.0.1', () => {
  const {port} = server.address() as {port: number}
  const file = join(values.dir!, 'region.json')
  writeFileSync(`${file}.new`, JSON.stringify({pid: process.pid, url: `http://127.0.0.1:${port}`}))
  renameSync(`${file}.new`, file)
})
process.on('SIGTERM', () => {
  strayed.kill('SIGKILL')
  process.exit(0)
})
