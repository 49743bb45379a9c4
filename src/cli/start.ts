/** Where a process begins: the compile cache, then oclif. */
import {enableCompileCache} from 'node:module'
import {fileURLToPath} from 'node:url'

export async function start(): Promise<void> {
  // Compiled code of some 300 modules, kept beside the system's other caches.
  enableCompileCache()
  const [{run}, {Config}] = await Promise.all([import('@oclif/core/run'), import('@oclif/core/config')])
  const config = await Config.load({root: fileURLToPath(new URL('../../..', import.meta.url))})
  try {
    await run(process.argv.slice(2), config)
  } catch (error) {
    const {tellUsage} = await import('./usage.ts')
    process.exitCode = tellUsage(error, config.commandIDs)
  }
}
