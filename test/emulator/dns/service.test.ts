/** Cloud DNS over HTTP and as Pulumi's provider. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fastify from 'fastify'
import {expect, onTestFinished, test} from 'vitest'
import type {Props, World} from '../../../src/emulator/contract.ts'
import {createDnsService} from '../../../src/emulator/dns/service.ts'
import {openRecords} from '../../../src/emulator/records.ts'

const BASE = '/dns/v1/projects/p/managedZones'
const ZONE = {project: 'p', name: 'app', dnsName: 'app.ha.internal.', visibility: 'private', description: ''}
const NAME = 'db.app.ha.internal.'
const RECORD = {project: 'p', managedZone: 'app', name: NAME, type: 'TXT', ttl: 5, rrdatas: ['"p:us-east1:a"']}

function dns() {
  const dir = mkdtempSync(join(tmpdir(), 'dns-'))
  const records = openRecords(join(dir, 'records.sqlite'))
  const server = fastify()
  onTestFinished(async () => {
    await server.close()
    records.close()
    rmSync(dir, {recursive: true})
  })
  const service = createDnsService({records} as unknown as World)
  service.routes?.(server)
  const [zone, record] = service.resources as [(typeof service.resources)[0], (typeof service.resources)[0]]
  const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const response = await server.inject({method, url, ...(payload ? {payload} : {})})
    return {status: response.statusCode, body: (response.body ? response.json() : {}) as Props}
  }
  const resolve = async (name: string) =>
    (await call('GET', `/emulator/v1/dns/resolve?name=${name}&type=TXT`)).body.rrdatas
  return {zone, record, call, resolve}
}

test('a record is resolved without its quotes, with or without the dot at the end', async () => {
  const {zone, record, resolve} = dns()
  await zone.create(ZONE)
  const {id, outputs} = await record.create(RECORD)
  expect(id).toBe('projects/p/managedZones/app/rrsets/db.app.ha.internal./TXT')
  expect(outputs).toMatchObject(RECORD)
  expect(await resolve(NAME)).toEqual(['p:us-east1:a'])
  expect(await resolve(NAME.slice(0, -1))).toEqual(['p:us-east1:a'])
  expect(await resolve('nobody.app.ha.internal.')).toBeUndefined()
})

test('what is changed through the API is what a refresh reads', async () => {
  const {zone, record, call, resolve} = dns()
  await zone.create(ZONE)
  const {id} = await record.create(RECORD)
  const changed = await call('PATCH', `${BASE}/app/rrsets/${NAME}/TXT`, {rrdatas: ['p:europe-west1:b']})
  expect(changed.body).toMatchObject({name: NAME, ttl: 5, rrdatas: ['"p:europe-west1:b"']})
  expect(await resolve(NAME)).toEqual(['p:europe-west1:b'])
  expect(await record.read(id)).toMatchObject({rrdatas: ['p:europe-west1:b']})
})

test('a change is all or nothing', async () => {
  const {zone, record, call, resolve} = dns()
  await zone.create(ZONE)
  await record.create(RECORD)
  const old = {name: NAME, type: 'TXT', ttl: 5, rrdatas: ['"p:us-east1:a"']}
  const stale = await call('POST', `${BASE}/app/changes`, {
    deletions: [{...old, ttl: 6}],
    additions: [{...old, rrdatas: ['x']}],
  })
  expect([stale.status, await resolve(NAME)]).toEqual([412, ['p:us-east1:a']])
  const outside = await call('POST', `${BASE}/app/changes`, {
    deletions: [old],
    additions: [{...old, name: 'other.example.'}],
  })
  expect([outside.status, await resolve(NAME)]).toEqual([400, ['p:us-east1:a']])
  const done = await call('POST', `${BASE}/app/changes`, {deletions: [old], additions: [{...old, rrdatas: ['p:r:b']}]})
  expect([done.body.status, await resolve(NAME)]).toEqual(['done', ['p:r:b']])
})

test('a record that exists is not created again, one outside its zone not at all', async () => {
  const {zone, record} = dns()
  await zone.create(ZONE)
  await record.create(RECORD)
  await expect(record.create(RECORD)).rejects.toThrow('Error 409')
  await expect(record.create({...RECORD, name: 'db.other.'})).rejects.toThrow('Error 400')
  await expect(record.create({...RECORD, managedZone: 'none'})).rejects.toThrow('Error 404')
})

test('a zone that holds records is not deleted unless it is forced', async () => {
  const {zone, record} = dns()
  const {id, outputs} = await zone.create(ZONE)
  await record.create(RECORD)
  await expect(zone.delete(id, outputs)).rejects.toThrow('not empty')
  await zone.update!(id, outputs, {...ZONE, forceDestroy: true})
  await zone.delete(id, outputs)
  expect(await zone.read(id)).toBeUndefined()
})

test('a zone has its own NS and SOA records', async () => {
  const {zone, call} = dns()
  await zone.create(ZONE)
  const {body} = await call('GET', `${BASE}/app/rrsets`)
  expect((body.rrsets as Props[]).map(({type}) => type)).toEqual(['NS', 'SOA'])
})
