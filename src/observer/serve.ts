/** `/facts` and `/healthz`. Read through the Kubernetes API's service proxy, so there is nothing to log in with. */
import {once} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {Facts} from '../facts.ts'

/** Resolves when it listens; rejects when it cannot. Answers from memory: no question makes a database wait. */
export async function serveFacts(facts: () => Facts, {host, port}: {host: string; port: number}): Promise<Server> {
  const server = createServer(({method, url = '/'}, response) => {
    const [path] = url.split('?')
    const answer = (status: number, body: object) =>
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body))
    if (method !== 'GET' && method !== 'HEAD') return answer(405, {error: 'Only GET is answered here.'})
    if (path === '/facts') return answer(200, facts())
    // Not whether the database answers: an observer that sees a lost database is at work.
    if (path === '/healthz') return answer(200, {status: 'ok'})
    return answer(404, {error: 'There are /facts and /healthz.'})
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}
