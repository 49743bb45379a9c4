/** oclif, and words for what it cannot report. */
import {fileURLToPath} from 'node:url'
import {Config} from '@oclif/core/config'
import {run} from '@oclif/core/run'

export async function main(): Promise<void> {
  const config = await Config.load({root: fileURLToPath(new URL('../../..', import.meta.url))})
  try {
    await run(process.argv.slice(2), config)
  } catch (error) {
    const {tellUsage} = await import('./usage.ts')
    process.exitCode = tellUsage(error, config.commandIDs)
  }
}
