/** Where a process begins: the compile cache, then oclif. */
import {enableCompileCache} from 'node:module'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** Beside the engine in this user's cache: the system's temporary folder, Node's own choice, is emptied too often. */
const cacheFolder = ({HA_CACHE_DIR, XDG_CACHE_HOME}: NodeJS.ProcessEnv) =>
  HA_CACHE_DIR ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ha')

export async function start(): Promise<void> {
  enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(cacheFolder(process.env), 'code'))
  const [{run}, {Config}] = await Promise.all([import('@oclif/core/run'), import('@oclif/core/config')])
  const config = await Config.load({root: fileURLToPath(new URL('../../..', import.meta.url))})
  try {
    await run(process.argv.slice(2), config)
  } catch (error) {
    const {tellUsage} = await import('./usage.ts')
    process.exitCode = tellUsage(error, config.commandIDs)
  }
}
