/** Notes: POST / stores one, GET / lists the latest. */
import {createServer} from 'node:http'
import pg from 'pg'

const {
  PORT = '8080',
  HOST = '0.0.0.0',
  HA_REGION = 'unknown',
  DATABASE_URL,
  DATABASE_REPLICA_URL = DATABASE_URL,
} = process.env
const open = (connectionString) =>
  new pg.Pool({connectionString, max: 4, connectionTimeoutMillis: 2000, query_timeout: 3000}).on('error', () => {})
const primary = open(DATABASE_URL)
const replica = open(DATABASE_REPLICA_URL)
let isDraining = false

async function answer(request) {
  if (request.url === '/healthz') return [200, {status: 'ok'}]
  if (request.url === '/readyz') return isDraining ? [503, {status: 'draining'}] : [200, {status: 'ok'}]
  if (request.url !== '/') return [404, {error: 'There is nothing here.'}]
  if (request.method === 'POST') {
    let text = ''
    for await (const chunk of request) {
      text += chunk
      if (text.length > 10_000) return [413, {error: 'A note has at most 10000 characters.'}]
    }
    const {rows} = await primary.query('INSERT INTO notes (text) VALUES ($1) RETURNING id, text', [text])
    return [201, rows[0]]
  }
  const {rows} = await replica.query('SELECT id, text FROM notes ORDER BY id DESC LIMIT 20')
  return [200, rows]
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request).catch((error) => [503, {error: error.message}])
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-region': HA_REGION,
    ...(isDraining && {connection: 'close'}),
  })
  response.end(JSON.stringify(body))
})
// Google's front ends keep idle connections for 600 s; whoever closes first must not be this side.
server.keepAliveTimeout = 620_000
server.headersTimeout = 630_000
server.listen(Number(PORT), HOST)

process.once('SIGTERM', () => {
  isDraining = true
  setTimeout(() => {
    server.close(() => Promise.all([primary.end(), replica.end()]))
    server.closeIdleConnections()
  }, 2000)
})
