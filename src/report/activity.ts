/** What is going on right now, from the events so far; the live view and the heartbeat both read it. */
import type {Event} from '../events/events.ts'
import {progressText} from './words.ts'

export interface Running {
  readonly name: string
  readonly since: number
  /** What it is busy with: parts in flight, or a task's progress. */
  readonly doing: string
  /** 0 to 1 when the end is known. */
  readonly fraction?: number
}

/** Milliseconds from an arbitrary start, never going back. Not from performance.now(), which loads all of node:perf_hooks. */
export const elapsed = (): number => Number(process.hrtime.bigint()) / 1e6

/** Folds events into the list of what runs. */
export function createActivity() {
  const running = new Map<
    string,
    {title: string; since: number; parts: Map<string, string>; progress: string; fraction?: number}
  >()
  const begin = (key: string, title: string, since: number) =>
    running.set(key, {title, since, parts: new Map(), progress: ''})
  return {
    listen(event: Event): void {
      switch (event.kind) {
        case 'task.started':
          begin(`task ${event.task}`, event.title, event.at)
          break
        case 'task.progressed': {
          const task = running.get(`task ${event.task}`)
          if (!task) break
          task.progress = progressText(event)
          if (event.done !== undefined && event.total) task.fraction = Math.min(1, event.done / event.total)
          break
        }
        case 'stack.started':
          begin(`stack ${event.stack}`, event.stack, event.at)
          break
        case 'step.started':
          begin(`step ${event.step}`, event.title, event.at)
          break
        case 'part.started':
          running.get(`stack ${event.part.stack}`)?.parts.set(`${event.part.what} ${event.part.name}`, event.action)
          break
        case 'part.finished':
        case 'part.failed':
          running.get(`stack ${event.part.stack}`)?.parts.delete(`${event.part.what} ${event.part.name}`)
          break
        case 'task.finished':
        case 'task.failed':
          running.delete(`task ${event.task}`)
          break
        case 'stack.finished':
        case 'stack.failed':
          running.delete(`stack ${event.stack}`)
          break
        case 'step.finished':
        case 'step.failed':
          running.delete(`step ${event.step}`)
          break
      }
    },
    running(): Running[] {
      return [...running.values()].map(({title, since, parts, progress, fraction}) => ({
        name: title,
        since,
        doing: progress || doing([...parts]),
        ...(fraction !== undefined && {fraction}),
      }))
    },
  }
}

function doing(parts: readonly (readonly [string, string])[]): string {
  if (parts.length === 0) return ''
  const [part, action] = parts[0]!
  const rest = parts.length > 1 ? ` and ${parts.length - 1} more` : ''
  return `${action} ${part}${rest}`
}
