import {expect, test} from 'vitest'
import type {Json} from '../../../src/emulator/kubernetes/api/store.ts'
import {createBackoff} from '../../../src/emulator/kubernetes/control/kubelet/backoff.ts'
import {
  type Container,
  type ContainerOptions,
  createContainer,
} from '../../../src/emulator/kubernetes/control/kubelet/container.ts'
import {NotStartable} from '../../../src/emulator/kubernetes/control/kubelet/environment.ts'
import {podStatus} from '../../../src/emulator/kubernetes/control/kubelet/pod-status.ts'
import type {RunningContainer} from '../../../src/emulator/kubernetes/control/kubelet/runtime.ts'

test('a restart is at once the first time, then after 10 s, 20 s, … 5 min, and at once again after ten quiet minutes', () => {
  const backoff = createBackoff()
  const waits: number[] = []
  let at = 0
  for (let run = 0; run < 8; run++) {
    waits.push(backoff.waitFor(at) / 1000)
    at += waits.at(-1)! * 1000 + 1_000
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
  expect(backoff.waitFor(at + 601_000)).toBe(0)
})

/** A container whose runs end as the test says. */
function play(options: Partial<Omit<ContainerOptions, 'host'>> = {}, launch?: (attempt: number) => void) {
  const runs: {end: (code: number) => void; stopped: number[]}[] = []
  const events: string[] = []
  const execs: string[][] = []
  const heard = new Set<() => void>()
  const container = createContainer({
    spec: {name: 'main', image: 'app:1'},
    policy: 'Always',
    waitsFor: 'ContainerCreating',
    ...options,
    host: {
      now: () => new Date(),
      graceSeconds: 30,
      portOf: Number,
      changed: () => setImmediate(() => [...heard].map((look) => look())),
      event: (_, reason, message) => events.push(`${reason}: ${message}`),
      async launch(_, attempt): Promise<RunningContainer> {
        launch?.(attempt)
        let end: (code: number) => void = () => {}
        const exited = new Promise<{code: number}>((done) => {
          end = (code) => done({code})
        })
        const stopped: number[] = []
        runs.push({end, stopped})
        return {
          exited,
          gone: exited.then(() => {}),
          async stop(graceMs) {
            stopped.push(graceMs)
            end(143)
          },
          async exec(command) {
            execs.push([...command])
            return {code: 1, output: 'no'}
          },
        }
      },
    },
  })
  const until = (met: (status: Json) => unknown) =>
    new Promise<void>((done, fail) => {
      const look = () => {
        if (!met(container.status())) return
        clearTimeout(timer)
        heard.delete(look)
        done()
      }
      const timer = setTimeout(() => fail(new Error(JSON.stringify(container.status()))), 5_000)
      heard.add(look)
      look()
    })
  return {container, runs, events, execs, until}
}

const endAll = async (container: Container) => container.stop(0)

test('a container that ends is not ready from that moment and starts again, the second time after a back-off', async () => {
  const {container, runs, until} = play()
  void container.run()
  await until(({ready}) => ready)
  runs[0]!.end(1)
  await until(({restartCount, ready}) => restartCount === 1 && ready)
  expect(container.status().lastState.terminated).toMatchObject({exitCode: 1, reason: 'Error'})
  runs[1]!.end(1)
  await until(({state}) => state.waiting)
  expect(container.status()).toMatchObject({
    ready: false,
    restartCount: 1,
    state: {waiting: {reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container=main'}},
  })
  await endAll(container)
})

test.each([
  ['Always', 0, true],
  ['Always', 1, true],
  ['OnFailure', 0, false],
  ['OnFailure', 1, true],
  ['Never', 1, false],
] as const)('under the policy %s a container that ended with %d is restarted: %s', async (policy, code, restarted) => {
  const {container, runs, until} = play({policy})
  const done = container.run()
  await until(({state}) => state.running)
  runs[0]!.end(code)
  if (restarted) await until(({restartCount, state}) => restartCount === 1 && state.running)
  else expect(await done).toBe(code)
  await endAll(container)
})

test('a container whose program cannot start is in a crash loop with the reason', async () => {
  const {container, until} = play({}, () => {
    throw new Error('no such folder')
  })
  void container.run()
  await until(({state}) => state.waiting?.reason === 'CrashLoopBackOff')
  expect(container.status().lastState.terminated).toMatchObject({
    exitCode: 128,
    reason: 'StartError',
    message: 'no such folder',
  })
  await endAll(container)
})

test('a container that lacks something waits for it without counting restarts', async () => {
  const {container, until} = play({}, () => {
    throw new NotStartable('CreateContainerConfigError', 'secret "s" not found')
  })
  void container.run()
  await until(({state}) => state.waiting?.reason === 'CreateContainerConfigError')
  expect(container.status()).toMatchObject({restartCount: 0, state: {waiting: {message: 'secret "s" not found'}}})
  await endAll(container)
})

test('a failed liveness probe restarts the container, with its grace', async () => {
  const livenessProbe = {exec: {command: ['check']}, periodSeconds: 1, failureThreshold: 1}
  const {container, runs, events, until} = play({spec: {name: 'main', image: 'app:1', livenessProbe}})
  void container.run()
  await until(({restartCount}) => restartCount === 1)
  expect(runs[0]!.stopped[0]).toBeCloseTo(30_000, -2)
  expect(events).toContain('Unhealthy: Liveness probe failed: no')
  expect(events).toContain('Killing: Container main failed liveness probe, will be restarted')
  await endAll(container)
})

test('a preStop hook runs before the signal and its time is part of the grace', async () => {
  const lifecycle = {preStop: {exec: {command: ['drain']}}}
  const {container, runs, execs, until} = play({spec: {name: 'main', image: 'app:1', lifecycle}})
  void container.run()
  await until(({state}) => state.running)
  await container.stop(10_000)
  expect(execs).toEqual([['drain']])
  expect(runs[0]!.stopped[0]).toBeGreaterThan(9_000)
  expect(runs[0]!.stopped[0]).toBeLessThanOrEqual(10_000)
})

test('a second stop without grace ends a hook that sleeps', async () => {
  const lifecycle = {preStop: {sleep: {seconds: 60}}}
  const {container, until} = play({spec: {name: 'main', image: 'app:1', lifecycle}})
  void container.run()
  await until(({state}) => state.running)
  const stopped = container.stop(60_000)
  await container.stop(0)
  await stopped
  expect(container.status().state.terminated).toMatchObject({exitCode: 143})
})

test.each([
  ['Always', {running: {startedAt: '2026-01-01T00:00:00Z'}}, 3],
  ['Always', {waiting: {reason: 'ImagePullBackOff'}}, 2],
  ['OnFailure', {running: {startedAt: '2026-01-01T00:00:00Z'}}, 3],
] as const)(
  'after a restart of the node a container with policy %s that was %o starts again as restart %d',
  async (policy, state, count) => {
    const {container, until} = play({policy, before: {restartCount: 2, state, lastState: {}}})
    void container.run()
    await until((status) => status.state.running)
    expect(container.status().restartCount).toBe(count)
    await endAll(container)
  },
)

test('after a restart of the node a container that must not restart has failed', async () => {
  const {container} = play({policy: 'Never', before: {restartCount: 0, state: {running: {}}, lastState: {}}})
  expect(await container.run()).toBe(137)
  expect(container.status().state.terminated.message).toBe('The node was restarted while the container ran.')
})

const running = {running: {}}
const ended = (exitCode: number) => ({terminated: {exitCode}})
test.each([
  ['Pending while an init container runs', 'Always', [running], [{waiting: {}}], 'Pending'],
  ['Failed when an init container failed for good', 'Never', [ended(1)], [{waiting: {}}], 'Failed'],
  ['Running once its containers do', 'Always', [ended(0)], [running], 'Running'],
  ['Running while a crashed container waits', 'Always', [], [ended(1)], 'Running'],
  ['Succeeded when all ended well', 'Never', [], [ended(0), ended(0)], 'Succeeded'],
  ['Failed when one did not', 'Never', [], [ended(0), ended(1)], 'Failed'],
  ['Running while a failure will be tried again', 'OnFailure', [], [ended(1)], 'Running'],
])('a pod is %s', (_, restartPolicy, init, containers, phase) => {
  const named = (states: object[], prefix: string) =>
    states.map((state, index) => ({name: `${prefix}${index}`, state, lastState: {}, ready: false, started: false}))
  const specs = (states: object[], prefix: string) =>
    states.map((_state, index) => ({name: `${prefix}${index}`, image: 'x'}))
  const spec = {restartPolicy, initContainers: specs(init, 'i'), containers: specs(containers, 'c')}
  const pod = {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'p'}, spec}
  const status = podStatus(pod, {init: named(init, 'i'), containers: named(containers, 'c')}, new Date())
  expect(status.phase).toBe(phase)
})

test('a pod is ready when its containers are and every readiness gate is open', () => {
  const spec = {containers: [{name: 'c', image: 'x'}], readinessGates: [{conditionType: 'gate'}]}
  const containers = [{name: 'c', state: running, lastState: {}, ready: true, started: true}]
  const status = (conditions: object[]) =>
    podStatus(
      {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'p'}, spec, status: {conditions}},
      {init: [], containers},
      new Date(),
    )
  const of = (conditions: object[], type: string) =>
    status(conditions).conditions.find((one: Json) => one.type === type)
  expect(of([], 'ContainersReady').status).toBe('True')
  expect(of([], 'Ready')).toMatchObject({status: 'False', reason: 'ReadinessGatesNotReady'})
  expect(of([{type: 'gate', status: 'True'}], 'Ready').status).toBe('True')
})
