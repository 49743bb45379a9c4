/** What `ha deploy` suggests to type next. */
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Environment} from '../environment/environment.ts'

/** Lines to try on the platform that now serves; `$URL` stands for the address. */
export function triesOf({config, paths}: Pick<Environment, 'config' | 'paths'>): readonly string[] {
  const readme = join(paths.base, 'README.md')
  const own = existsSync(readme) ? triesIn(readFileSync(readme, 'utf8')) : []
  if (own.length > 0) return own
  const front = config.services.find(({type}) => type === 'http')
  return front?.health ? [`curl -i $URL${front.health.ready}`] : []
}

/** Commands of the first block that a README marks with ```sh try; those continued with a backslash on one line. Pure. */
export function triesIn(markdown: string): readonly string[] {
  const block = /^```sh try\n([\s\S]*?)^```/m.exec(markdown)?.[1] ?? ''
  return block
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
}
