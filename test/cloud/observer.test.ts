import {once} from 'node:events'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {expect, onTestFinished, test} from 'vitest'
import {readFacts} from '../../src/cloud/observer.ts'

/** An API server that answers one path. */
async function serve(body: object, status = 200): Promise<{endpoint: string; asked: (string | undefined)[]}> {
  const asked: (string | undefined)[] = []
  const server = createServer(({url, headers}, response) => {
    asked.push(url, headers.authorization)
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return {endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked}
}

const AT = {namespace: 'stay-observer', name: 'ha-observer'}

test('facts are read through the service proxy, as whoever runs ha', async () => {
  const {endpoint, asked} = await serve({version: 1, region: 'us-east1'})
  expect(await readFacts({endpoint, ...AT}, 'key')).toMatchObject({region: 'us-east1'})
  expect(asked).toEqual(['/api/v1/namespaces/stay-observer/services/ha-observer:http/proxy/facts', 'Bearer key'])
})

test.each([
  [{version: 2}, 200, 'CLOUD_REFUSED', 'speaks version 2'],
  [
    {message: 'no endpoints available for service "ha-observer:http"'},
    503,
    'CLOUD_UNREACHABLE',
    'no endpoints available',
  ],
])('%j with %i is no answer', async (body, status, code, message) => {
  const {endpoint} = await serve(body, status)
  await expect(readFacts({endpoint, ...AT})).rejects.toMatchObject({code, message: expect.stringContaining(message)})
})

test('a region that is gone is no answer', async () => {
  await expect(readFacts({endpoint: 'http://127.0.0.1:1', ...AT})).rejects.toMatchObject({code: 'CLOUD_UNREACHABLE'})
})
