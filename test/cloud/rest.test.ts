import {once} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {callJson} from '../../src/cloud/rest.ts'

let server: Server
let base: string
beforeAll(async () => {
  server = createServer(({url}, response) => {
    if (url === '/silent') return
    response.end(url === '/ended' ? '{"event":1}\n' : '{"event":1}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

// An error that nobody catches fails the run.
test.each(['/ended', '/unfinished'])(
  'a watch given up on its last line (%s) is over, whether or not its server ended it',
  async (path) => {
    for (let round = 0; round < 20; round++) {
      const enough = new AbortController()
      const lines: string[] = []
      await callJson(`${base}${path}`, {
        signal: enough.signal,
        onLine: (line) => {
          lines.push(line)
          enough.abort()
        },
      })
      expect(lines).toEqual(['{"event":1}'])
    }
  },
)

test('a call given up before its answer resolves at once', async () => {
  const enough = new AbortController()
  const asked = callJson(`${base}/silent`, {signal: enough.signal})
  enough.abort()
  expect(await asked).toBeUndefined()
  expect(await callJson(`${base}/silent`, {signal: AbortSignal.abort()})).toBeUndefined()
})

test('no answer in time is no answer', async () => {
  await expect(callJson(`${base}/silent`, {deadlineMs: 50})).rejects.toMatchObject({code: 'CLOUD_UNREACHABLE'})
})
