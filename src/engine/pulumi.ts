/**
 * The Automation API, imported only when a stack is really run. `typescript` and `@npmcli/arborist` are half of its import
 * time and serve only closures that are sent elsewhere, which inline programs never do: they are answered with empty modules,
 * and only when Pulumi's own SDK asks for them.
 */
import {createRequire, registerHooks} from 'node:module'

const require = createRequire(import.meta.url)
const UNUSED = new Set(['typescript', '@npmcli/arborist'])
const EMPTY = 'ha-empty:'

export type Automation = typeof import('@pulumi/pulumi/automation/index.js')

let loaded: Automation | undefined

/** The SDK's Automation API. Stack traces are switched off with it: the SDK captures one per promise (a third of a program's time). */
export function automation(): Automation {
  if (loaded) return loaded
  registerHooks({
    resolve: (specifier, context, next) => {
      const asker = context.parentURL ?? ''
      const unused = UNUSED.has(specifier) && asker.includes('/@pulumi/pulumi/')
      return unused ? {url: `${EMPTY}${specifier}`, format: 'commonjs', shortCircuit: true} : next(specifier, context)
    },
    load: (url, context, next) =>
      url.startsWith(EMPTY)
        ? {format: 'commonjs', source: 'module.exports = {}', shortCircuit: true}
        : next(url, context),
  })
  loaded = require('@pulumi/pulumi/automation') as Automation
  return loaded
}

/** The version of the installed SDK, which the engine's must equal. Costs a small file, not the SDK. */
export const sdkVersion = (): string => (require('@pulumi/pulumi/package.json') as {version: string}).version
