/** Ctrl-C in three rungs: finish what is in flight and start nothing new; end at once; end by force. */
import {HaError} from '../errors.ts'
import type {Emit} from '../events/events.ts'

export interface Interrupts {
  /** Aborted by the first interrupt: nothing new is started. */
  readonly cancel: AbortSignal
  /** Aborted by the second: what is in flight is abandoned. */
  readonly terminate: AbortSignal
  /** Stops listening; the next Ctrl-C ends the process as usual. */
  [Symbol.dispose](): void
}

/** The process's signals, as far as they are needed here. */
export interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown
}

export const interrupted = (): HaError =>
  new HaError('INTERRUPTED', 'Interrupted: what had begun was finished, nothing new was started.', {
    next: ['Run the same command again: it goes on where this one stopped.'],
  })

export const endedByForce = (): HaError =>
  new HaError('INTERRUPTED', 'Ended at once: what was in flight may be left half done.', {
    next: ['Run the same command again: it repairs that first, then goes on where this one stopped.'],
  })

const MESSAGES = [
  'Finishing what is in flight, starting nothing new. Ctrl-C again ends it at once.',
  'Ending at once. What is in flight may be left half done; the next run repairs it.',
]

/** Listens until disposed. Emits `interrupt.received` for every signal. */
export function listenForInterrupts(signals: Signals, emit: Emit): Interrupts {
  const cancel = new AbortController()
  const terminate = new AbortController()
  let count = 0
  const listener = () => {
    count += 1
    emit({kind: 'interrupt.received', count, message: MESSAGES[Math.min(count, MESSAGES.length) - 1]!})
    if (count === 1) cancel.abort(interrupted())
    else terminate.abort(endedByForce())
  }
  const kinds = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const kind of kinds) signals.on(kind, listener)
  return {
    cancel: cancel.signal,
    terminate: terminate.signal,
    [Symbol.dispose]() {
      for (const kind of kinds) signals.off(kind, listener)
    },
  }
}

/** For callers without a terminal: never interrupted. */
export const uninterrupted = (): Interrupts => ({
  cancel: new AbortController().signal,
  terminate: new AbortController().signal,
  [Symbol.dispose]() {},
})
