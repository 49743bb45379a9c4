import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseEnv} from 'node:util'

/** Values of the named secrets on this machine: the environment first, then `.env` beside ha.yaml. Absent ones are left out. */
export function secretValues(
  base: string,
  env: NodeJS.ProcessEnv,
  names: readonly string[],
): ReadonlyMap<string, string> {
  const file = join(base, '.env')
  const written = names.length > 0 && existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const entries = names.map((name) => [name, env[name] ?? written[name]] as const)
  return new Map(
    entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined && entry[1] !== ''),
  )
}
