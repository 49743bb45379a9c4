/** Gives memory back when nothing happens: a deploy leaves garbage that V8, left alone, keeps for hours. */
import {setFlagsFromString} from 'node:v8'
import {runInNewContext} from 'node:vm'

/** Call the result whenever there was work; `idleMs` after the last call the heap is collected, once. */
export function trimWhenIdle(idleMs = 10_000): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  const timer = setTimeout(() => collect({type: 'major', execution: 'sync', flavor: 'last-resort'}), idleMs).unref()
  return () => void timer.refresh()
}
