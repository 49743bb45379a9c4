/**
 * One container through its runs: started, probed, restarted with back-off, stopped.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states
 */
import {randomUUID} from 'node:crypto'
import {timestamp} from '../../api/objects.ts'
import type {Json} from '../../api/store.ts'
import {createBackoff} from './backoff.ts'
import {NotStartable} from './environment.ts'
import {type Health, watchHealth} from './health.ts'
import {checkHttp} from './probes.ts'
import type {RunningContainer} from './runtime.ts'

/** What a container needs of its pod. */
export interface ContainerHost {
  readonly now: () => Date
  /** Starts the container's run number `attempt` (from 0). Rejects with NotStartable while something it needs is missing. */
  launch(spec: Json, attempt: number): Promise<RunningContainer>
  portOf(port: string | number): number
  /** Something in the status is different now. */
  changed(): void
  event(type: 'Normal' | 'Warning', reason: string, message: string): void
  readonly graceSeconds: number
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

export interface Container {
  readonly spec: Json
  /** A ContainerStatus of the pod's status. */
  status(): Json
  pid(): number | undefined
  /** Runs until it will not be restarted any more; resolves with the last exit code. To be called once. */
  run(): Promise<number>
  /** Resolves when it has started (its startup probe succeeded), or will never. */
  readonly started: Promise<void>
  /** preStop hook, SIGTERM, and SIGKILL when `graceMs` are over; resolves when nothing of it is left. A second call with 0 kills at once. */
  stop(graceMs: number, hooks?: boolean): Promise<void>
}

/** How often what is missing (an image, a secret) is looked for again. */
const RETRY_MS = 2_000
/** What a preStop hook leaves of the grace at least. Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow */
const AFTER_HOOK_MS = 2_000

export interface ContainerOptions {
  readonly spec: Json
  readonly policy: RestartPolicy
  /** What it waits for before its first run: `ContainerCreating`, or `PodInitializing` behind init containers. */
  readonly waitsFor: string
  /** Its status before the node was restarted. */
  readonly before?: Json
  readonly host: ContainerHost
}

export function createContainer({spec, policy, waitsFor, before, host}: ContainerOptions): Container {
  const id = `emulator://${randomUUID()}`
  const backoff = createBackoff()
  const halt = new AbortController()
  const hurry = new AbortController()
  const restarts = (code: number) => policy === 'Always' || (policy === 'OnFailure' && code !== 0)
  const earlier = before && endOf(before, host.now())
  let restartCount: number = (before?.restartCount ?? 0) + (earlier && restarts(earlier.exitCode) ? 1 : 0)
  let lastState: Json = earlier ? {terminated: earlier} : (before?.lastState ?? {})
  let state: Json = {waiting: {reason: waitsFor}}
  const settled = earlier !== undefined && !restarts(earlier.exitCode)
  if (settled) [state, lastState] = [{terminated: earlier}, {}]
  let ready = settled && earlier.exitCode === 0
  let started = false
  let running: RunningContainer | undefined
  let health: Health | undefined
  let done: Promise<number> | undefined
  let tellStarted = () => {}
  const startedOnce = new Promise<void>((resolve) => {
    tellStarted = resolve
  })

  function enter(next: Json) {
    if (state.terminated) lastState = {terminated: state.terminated}
    state = next
    host.changed()
  }

  async function launched(): Promise<RunningContainer | undefined> {
    for (;;) {
      try {
        const program = await host.launch(spec, restartCount)
        if (!halt.signal.aborted) return program
        await program.stop(0)
        return undefined
      } catch (error) {
        if (!(error instanceof NotStartable)) throw error
        if (state.waiting?.reason !== error.reason) host.event('Warning', 'Failed', `Error: ${error.message}`)
        enter({waiting: {reason: error.reason, message: error.message}})
      }
      if (!(await pause(RETRY_MS, halt.signal))) return undefined
    }
  }

  const watch = (program: RunningContainer): Health =>
    watchHealth(
      spec,
      {portOf: host.portOf, exec: program.exec},
      {
        started() {
          started = true
          tellStarted()
          host.changed()
        },
        ready: setReady,
        failed: (message) => host.event('Warning', 'Unhealthy', message),
        broken(kind, graceSeconds = host.graceSeconds) {
          host.event('Normal', 'Killing', `Container ${spec.name} failed ${kind} probe, will be restarted`)
          health?.stop()
          setReady(false)
          void end(program, graceSeconds * 1000)
        },
      },
    )

  function setReady(value: boolean) {
    ready = value
    host.changed()
  }

  /** One run. Resolves with its exit code; undefined when it was stopped before it began. */
  async function runOnce(): Promise<number | undefined> {
    let program: RunningContainer | undefined
    try {
      program = await launched()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      host.event('Warning', 'Failed', `Error: ${message}`)
      const at = timestamp(host.now())
      enter({
        terminated: {exitCode: 128, reason: 'StartError', message, startedAt: at, finishedAt: at, containerID: id},
      })
      return 128
    }
    if (!program) return undefined
    running = program
    const startedAt = timestamp(host.now())
    enter({running: {startedAt}})
    host.event('Normal', 'Started', `Started container ${spec.name}`)
    health = watch(program)
    const {code, signal} = await program.exited
    health.stop()
    running = undefined
    started = false
    ready = code === 0 && !restarts(0)
    const reason = code === 0 ? 'Completed' : 'Error'
    enter({
      terminated: {
        exitCode: code,
        ...(signal && {message: `ended by ${signal}`}),
        reason,
        startedAt,
        finishedAt: timestamp(host.now()),
        containerID: id,
      },
    })
    await program.gone
    return code
  }

  async function runAll(): Promise<number> {
    if (settled) return earlier.exitCode
    for (;;) {
      const code = await runOnce()
      if (code === undefined) return 137
      if (halt.signal.aborted || !restarts(code)) return code
      const wait = backoff.waitFor(performance.now())
      if (wait > 0) {
        const message = `back-off ${wait / 1000}s restarting failed container=${spec.name}`
        host.event('Warning', 'BackOff', message)
        enter({waiting: {reason: 'CrashLoopBackOff', message}})
        if (!(await pause(wait, halt.signal))) return code
      }
      restartCount += 1
    }
  }

  /** Hook, SIGTERM, SIGKILL. */
  async function end(program: RunningContainer, graceMs: number, hooks = true) {
    const began = performance.now()
    if (hooks && spec.lifecycle?.preStop && graceMs > 0) await runHook(spec.lifecycle.preStop, program, graceMs)
    if (graceMs === 0 || hurry.signal.aborted) return program.stop(0)
    await program.stop(Math.max(graceMs - (performance.now() - began), hooks ? AFTER_HOOK_MS : 0))
  }

  async function runHook(hook: Json, program: RunningContainer, graceMs: number) {
    const over = AbortSignal.any([AbortSignal.timeout(graceMs), hurry.signal])
    const ended = program.exited.then(() => {})
    if (hook.sleep) await Promise.race([pause(hook.sleep.seconds * 1000, over), ended])
    if (hook.exec) await Promise.race([program.exec(hook.exec.command, graceMs), ended])
    if (hook.httpGet) await checkHttp(hook.httpGet, {portOf: host.portOf, exec: program.exec}, graceMs)
  }

  return {
    spec,
    started: startedOnce,
    status: () => ({
      name: spec.name,
      image: spec.image,
      imageID: state.waiting && !lastState.terminated ? '' : spec.image,
      ...(!(state.waiting && !lastState.terminated) && {containerID: id}),
      restartCount,
      state,
      lastState,
      ready,
      started,
    }),
    pid: () => running?.pid,
    run: () => {
      done ??= runAll().finally(tellStarted)
      return done
    },
    async stop(graceMs, hooks) {
      const again = halt.signal.aborted
      halt.abort()
      if (graceMs === 0) hurry.abort()
      if (running && (!again || graceMs === 0)) {
        if (!again) host.event('Normal', 'Killing', `Stopping container ${spec.name}`)
        health?.spare()
        await end(running, graceMs, hooks)
      }
      await done
    },
  }
}

/** How the run before a restart of the node ended: a process that still ran then is lost. */
function endOf({state = {}, lastState = {}}: Json, now: Date): Json {
  if (state.terminated) return state.terminated
  if (!state.running) return lastState.terminated
  const message = 'The node was restarted while the container ran.'
  return {exitCode: 137, reason: 'Error', message, startedAt: state.running.startedAt, finishedAt: timestamp(now)}
}

/** false when it was aborted. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((done) => {
    if (signal.aborted) return done(false)
    const abort = () => {
      clearTimeout(timer)
      done(false)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      done(true)
    }, ms)
    signal.addEventListener('abort', abort, {once: true})
  })
}
