/** Where a process begins: the compile cache, then oclif. */
import {enableCompileCache} from 'node:module'
import {fileURLToPath} from 'node:url'

export async function start(): Promise<void> {
  // Compiled code of some 300 modules, kept beside the system's other caches.
  enableCompileCache()
  const {run} = await import('@oclif/core/run')
  await run(process.argv.slice(2), {root: fileURLToPath(new URL('../../..', import.meta.url))})
}
