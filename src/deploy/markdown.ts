import {mkdir, writeFile} from 'node:fs/promises'
import {dirname} from 'node:path'
import type {Environment} from '../environment/environment.ts'
import {costLines} from '../report/cost.ts'
import {planMarkdown} from '../report/markdown.ts'
import type {MadePlan} from './preview.ts'

/** The plan for a pull request, written to `path`. */
export async function writeMarkdown(
  path: string,
  {config, topology}: Pick<Environment, 'config' | 'topology'>,
  made: MadePlan & {readonly warnings: readonly string[]},
): Promise<void> {
  const cost = config.target === 'gcp' ? {cost: costLines(topology)} : {}
  const {app, environment} = config
  await mkdir(dirname(path), {recursive: true})
  await writeFile(path, planMarkdown({app, environment, ...made, ...cost}))
}
