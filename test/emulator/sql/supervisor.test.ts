import {EventEmitter, once} from 'node:events'
import {expect, test} from 'vitest'
import type {Server} from '../../../src/emulator/sql/server.ts'
import {supervise} from '../../../src/emulator/sql/supervisor.ts'

/** Servers that end when they are told to; `another` resolves with the next launch. */
function servers(ready: () => Promise<void> = async () => {}) {
  const all: {end: () => void; stopped: string[]}[] = []
  const launches = new EventEmitter()
  const launch = async (): Promise<Server> => {
    const stopped: string[] = []
    let end = () => {}
    const exited = new Promise<void>((done) => {
      end = done
    })
    all.push({end, stopped})
    launches.emit('launch')
    return {
      pid: all.length,
      exited,
      ready: ready(),
      reload: async () => {},
      stop: async (mode) => {
        stopped.push(mode)
        end()
      },
    }
  }
  return {all, launch, another: () => once(launches, 'launch')}
}

test('a server that dies is started again, after the zone was told', async () => {
  const {all, launch, another} = servers()
  let died = 0
  const supervisor = supervise({
    name: 'a',
    log: () => {},
    launch,
    died: async () => {
      died += 1
    },
  })
  await supervisor.start()
  const again = another()
  all[0]!.end()
  await again
  expect([all.length, died]).toEqual([2, 1])
  await supervisor.stop()
})

test('a server that is stopped stays stopped', async () => {
  const {all, launch} = servers()
  const supervisor = supervise({name: 'a', log: () => {}, launch, died: async () => {}})
  await supervisor.start()
  await supervisor.stop('immediate')
  await new Promise((done) => setTimeout(done, 20))
  expect(all.length).toBe(1)
  expect(all[0]!.stopped).toEqual(['immediate'])
  expect(supervisor.server()).toBeUndefined()
})

test('a first start that fails is told and not tried again', async () => {
  const {all, launch} = servers(() => Promise.reject(new Error('no')))
  const supervisor = supervise({name: 'a', log: () => {}, launch, died: async () => {}})
  await expect(supervisor.start()).rejects.toThrow('no')
  await new Promise((done) => setTimeout(done, 20))
  expect(all.length).toBe(1)
})

test('one that is stopped while it is coming back does not come back', async () => {
  const {all, launch} = servers()
  let go = () => {}
  const slow = async () => {
    if (all.length > 0) {
      await new Promise<void>((done) => {
        go = done
      })
    }
    return launch()
  }
  const died = new EventEmitter()
  const supervisor = supervise({name: 'a', log: () => {}, launch: slow, died: async () => void died.emit('died')})
  await supervisor.start()
  const told = once(died, 'died')
  all[0]!.end()
  await told
  await new Promise(setImmediate)
  const stopping = supervisor.stop()
  go()
  await stopping
  expect(all[1]!.stopped).toEqual(['immediate'])
  expect(supervisor.server()).toBeUndefined()
})
