/**
 * A promise that is rejected and looked after by no one must become the error of the stack whose program left it, and of no
 * other. Pulumi's language host listens on the process for such strays while a program runs; with several programs in one
 * process every listener would be told of every stray. Here the listeners are kept by the SDK's own async context and a stray
 * is handed to the one it belongs to.
 */
import {createRequire} from 'node:module'

type Listener = (error: unknown) => void

const KINDS = ['uncaughtException', 'unhandledRejection'] as const
type Kind = (typeof KINDS)[number]
const isKind = (name: unknown): name is Kind => KINDS.includes(name as Kind)

let users = 0
let restore: (() => void) | undefined

/** Sorts strays until the returned function was called as often as this one. */
export function sortStrays(): () => void {
  users += 1
  restore ??= install()
  return () => {
    users -= 1
    if (users > 0) return
    restore?.()
    restore = undefined
  }
}

function install(): () => void {
  const require = createRequire(import.meta.url)
  const {getLocalStore} = require('@pulumi/pulumi/runtime/state') as {getLocalStore(): object | undefined}
  const kept: Record<Kind, Map<Listener, object>> = {uncaughtException: new Map(), unhandledRejection: new Map()}
  const {on, off} = process

  const sorters = KINDS.map((kind) => {
    const sorter = (error: unknown) => {
      const listeners = [...kept[kind]]
      const context = getLocalStore()
      const own = listeners.filter(([, store]) => store === context)
      if (listeners.length === 0) throw error
      // A stray of unknown origin is everyone's: a failure too many is better than one too few.
      for (const [listener] of own.length > 0 ? own : listeners) listener(error)
    }
    on.call(process, kind, sorter)
    return [kind, sorter] as const
  })

  const keep = (name: string | symbol, listener: Listener): boolean => {
    const store = getLocalStore()
    if (!isKind(name) || store === undefined) return false
    kept[name].set(listener, store)
    return true
  }
  const drop = (name: string | symbol, listener: Listener): boolean => isKind(name) && kept[name].delete(listener)

  process.on = ((name: string, listener: Listener) =>
    keep(name, listener) ? process : on.call(process, name, listener)) as typeof on
  process.off = ((name: string, listener: Listener) =>
    drop(name, listener) ? process : off.call(process, name, listener)) as typeof off
  return () => {
    process.on = on
    process.off = off
    for (const [kind, sorter] of sorters) off.call(process, kind, sorter)
  }
}
