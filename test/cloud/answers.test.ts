/** Whether a region's API server answers, asked of real servers. */
import {once} from 'node:events'
import {createServer, type RequestListener, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterEach, expect, test} from 'vitest'
import {answers} from '../../src/cloud/kubernetes.ts'
import {stillClock} from '../fakes/clock.ts'

/** Pauses take no time; deadlines are real. */
const hurried = {...stillClock(), sleep: async () => {}}

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([
  ['is ready', 200, true],
  ['wants to know who asks', 401, true],
  ['refuses whoever asks', 403, true],
  ['cannot serve', 500, false],
])('an API server that %s: %i', async (_, status, expected) => {
  const endpoint = await serve((_request, response) => response.writeHead(status).end('{}'))
  expect(await answers(hurried, endpoint)).toBe(expected)
})

test('one that takes the call and never answers is asked three times, then given up', async () => {
  let asked = 0
  const endpoint = await serve(() => {
    asked += 1
  })
  expect(await answers(hurried, endpoint, 50)).toBe(false)
  expect(asked).toBe(3)
})

test('one that is just being restarted is given the time to come back', async () => {
  let asked = 0
  const endpoint = await serve((_request, response) => response.writeHead(++asked < 3 ? 503 : 200).end('{}'))
  expect(await answers(hurried, endpoint)).toBe(true)
})

test('a refused connection is no answer', async () => {
  const endpoint = await serve(() => {})
  const gone = server!
  gone.close()
  await once(gone, 'close')
  expect(await answers(hurried, endpoint)).toBe(false)
})
