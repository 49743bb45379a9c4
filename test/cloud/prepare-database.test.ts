/** Who prepares a database must be one of its users, with as much right as Cloud SQL gives anybody. */
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {createCloud} from '../../src/cloud/google.ts'
import {hastyClock} from '../fakes/clock.ts'

let server: Server
let base: string
let present: string[]
/** How many operations are refused because another one is under way. */
let busy: number
/** What the database answers, where it refuses. */
let refusal: string | undefined
let asked: {method: string; path: string; body: Record<string, unknown>}[]
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    asked.push({method: request.method!, path: request.url!.split('/').at(-1)!, body: text ? JSON.parse(text) : {}})
    const executeSql = refusal === undefined ? {} : {status: {code: 3, message: refusal}}
    const answers = {executeSql, users: {items: present.map((name) => ({name})), name: 'o', status: 'DONE'}}
    const path = asked.at(-1)!.path as keyof typeof answers
    response.setHeader('content-type', 'application/json')
    if (request.method === 'POST' && busy-- > 0) response.statusCode = 409
    response.end(JSON.stringify(answers[path] ?? {name: 'o', status: 'DONE'}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())
beforeEach(() => {
  present = []
  busy = 0
  refusal = undefined
  asked = []
})

async function prepare(caller?: string) {
  const wires = {base: () => base, ...(caller !== undefined && {caller: async () => caller})}
  const request = {project: 'p', instance: 'i', database: 'stay', users: ['api@p.iam'], observer: 'eye@p.iam'}
  await createCloud(wires, hastyClock()).prepareDatabase(request)
  return asked.filter(({method, path}) => method === 'POST' && path === 'users').map(({body}) => body)
}
const role = {databaseRoles: ['cloudsqlsuperuser']}

test.each([
  ['ada@example.com', {name: 'ada@example.com', type: 'CLOUD_IAM_USER', ...role}],
  ['Ada@Example.com', {name: 'ada@example.com', type: 'CLOUD_IAM_USER', ...role}],
  ['ci@p.iam.gserviceaccount.com', {name: 'ci@p.iam', type: 'CLOUD_IAM_SERVICE_ACCOUNT', ...role}],
])('%s, who prepares a database, is made its operator before anything else', async (caller, user) => {
  const users = await prepare(caller)
  expect(users[0]).toEqual(user)
  expect(users.slice(1)).toEqual(['api@p.iam', 'eye@p.iam'].map((name) => ({name, type: 'CLOUD_IAM_SERVICE_ACCOUNT'})))
})

test('who is a user already is left as it is', async () => {
  present = ['ada@example.com', 'api@p.iam', 'eye@p.iam']
  expect(await prepare('ada@example.com')).toEqual([])
})

test('whoever was a user already, without the role, is told how to get it', async () => {
  present = ['ada@example.com', 'api@p.iam', 'eye@p.iam']
  refusal = 'ERROR: permission denied to set role "cloudsqlsuperuser" (SQLSTATE 42501)'
  await expect(prepare('ada@example.com')).rejects.toMatchObject({
    code: 'CLOUD_REFUSED',
    next: [expect.stringMatching(/^gcloud sql users assign-roles ada@example.com --type=CLOUD_IAM_USER /)],
  })
})

test('everything is made as one role, so that the next one who deploys owns it too', async () => {
  await prepare('ada@example.com')
  const statements = asked.filter(({path}) => path === 'executeSql').map(({body}) => body.sqlStatement as string)
  expect(statements).toHaveLength(2)
  for (const sql of statements) expect(sql).toMatch(/^SET ROLE cloudsqlsuperuser;/)
})

test('while Cloud SQL is busy with the instance it is asked again', async () => {
  busy = 3
  const users = await prepare()
  expect(users.slice(3)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({name: 'api@p.iam'}),
      expect.objectContaining({name: 'eye@p.iam'}),
    ]),
  )
  expect(asked.filter(({path}) => path === 'executeSql')).toHaveLength(2)
})
