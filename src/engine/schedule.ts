/** The order of work, without the work: what may start, what must wait, what will never run. */

export interface Task {
  readonly name: string
  readonly needs: readonly string[]
}

export type Ended = 'done' | 'failed' | 'stopped'

export interface Schedule<T extends Task> {
  readonly tasks: readonly T[]
  readonly concurrency: number
  /** Runs one task; resolves to how it ended. Must not throw. */
  run(task: T): Promise<Ended>
  /** A task that is not run because one it needs failed, or was left out for the same reason. */
  leaveOut(task: T, because: string): void
  /** Asked before each start; true: start nothing more. */
  stopping(): boolean
}

/** Runs every task after those it needs, up to `concurrency` at once. A failure leaves out only what depends on it. */
export async function runSchedule<T extends Task>(schedule: Schedule<T>): Promise<void> {
  const names = new Set(schedule.tasks.map((task) => task.name))
  const waiting = new Map(schedule.tasks.map((task) => [task.name, task]))
  const ended = new Map<string, Ended>()
  const running = new Map<string, Promise<void>>()
  const need = (task: T) => task.needs.filter((name) => names.has(name))

  const start = (task: T) => {
    waiting.delete(task.name)
    const work = schedule.run(task).then((how) => {
      ended.set(task.name, how)
      running.delete(task.name)
    })
    running.set(task.name, work)
  }

  for (;;) {
    for (const task of [...waiting.values()]) {
      const broken = need(task).find((name) => ended.get(name) === 'failed' || ended.get(name) === 'stopped')
      if (broken !== undefined) {
        waiting.delete(task.name)
        ended.set(task.name, ended.get(broken)!)
        if (ended.get(broken) === 'failed') schedule.leaveOut(task, broken)
      }
    }
    for (const task of [...waiting.values()]) {
      if (running.size >= schedule.concurrency || schedule.stopping()) break
      if (need(task).every((name) => ended.get(name) === 'done')) start(task)
    }
    if (running.size === 0) return
    await Promise.race(running.values())
  }
}

/** The same tasks with every arrow turned round, for taking apart what was built. */
export function reversed<T extends Task>(tasks: readonly T[]): readonly T[] {
  const dependents = (name: string) => tasks.filter((task) => task.needs.includes(name)).map((task) => task.name)
  return tasks.map((task) => ({...task, needs: dependents(task.name)})).reverse()
}
