import type {EmulatorClock} from '../clock.ts'
import {Heap, type Placed} from './heap.ts'

export interface Timer extends Placed {
  due: number
  readonly run: () => void
}

/** Node's timers fire at once beyond this delay (about 24.8 days), so longer waits are taken in parts. */
const LONGEST_MS = 2_147_483_647

/** Any number of deadlines on one clock timer: nothing wakes up while none is due. */
export class Timers {
  readonly #clock: EmulatorClock
  readonly #heap = new Heap<Timer>((a, b) => a.due < b.due)
  #armed: {due: number; cancel: () => void} | undefined
  #closed = false

  constructor(clock: EmulatorClock) {
    this.#clock = clock
  }

  schedule(ms: number, run: () => void): Timer {
    const timer: Timer = {place: -1, due: this.#clock.monotonic() + ms, run}
    this.#heap.push(timer)
    this.#arm()
    return timer
  }

  cancel(timer: Timer | undefined): void {
    if (!timer) return
    this.#heap.remove(timer)
    if (!this.#heap.peek()) this.#disarm()
  }

  /** For good: nothing fires any more. */
  close(): void {
    this.#closed = true
    this.#disarm()
  }

  #disarm(): void {
    this.#armed?.cancel()
    this.#armed = undefined
  }

  #arm(): void {
    const head = this.#heap.peek()
    if (!head || this.#closed || (this.#armed && this.#armed.due <= head.due)) return
    this.#disarm()
    const ms = Math.min(Math.max(0, head.due - this.#clock.monotonic()), LONGEST_MS)
    this.#armed = {due: head.due, cancel: this.#clock.after(ms, () => this.#fire())}
  }

  #fire(): void {
    this.#armed = undefined
    for (let head = this.#heap.peek(); head && head.due <= this.#clock.monotonic(); head = this.#heap.peek()) {
      this.#heap.remove(head)
      head.run()
    }
    this.#arm()
  }
}
