/** What a service is given, small and in a temp folder. */
import {mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Props, Records, World} from '../../../src/emulator/contract.ts'

export interface TestWorld extends World {
  readonly logged: string[]
  remove(): void
}

/** A world over `dir`, or over a fresh folder. */
export function testWorld(dir: string = mkdtempSync(join(tmpdir(), 'ha-pubsub-'))): TestWorld {
  const logged: string[] = []
  return {
    dir,
    records: memoryRecords(),
    ports: {claim: freePort, release: () => {}},
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    logged,
    googleapis: 'http://127.0.0.1:1',
    region: () => Promise.reject(new Error('no regions here')),
    regions: async () => [],
    remove: () => rmSync(dir, {recursive: true, force: true}),
  }
}

export function memoryRecords(): Records {
  const records = new Map<string, Map<string, Props>>()
  const of = (token: string) => records.get(token) ?? records.set(token, new Map()).get(token)!
  return {
    put: (token, id, outputs) => void of(token).set(id, structuredClone(outputs)),
    get: (token, id) => of(token).get(id),
    list: (token) => [...of(token)].map(([id, outputs]) => ({id, outputs})),
    delete: (token, id) => void of(token).delete(id),
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const {port} = server.address() as {port: number}
      server.close(() => done(port))
    })
  })
}
