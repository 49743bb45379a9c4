import {createHash} from 'node:crypto'
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {Versions} from '../engine/fingerprint.ts'
import {sdkVersion} from '../engine/pulumi.ts'

/** Versions that a stack's fingerprint holds besides its input. */
export const versionsOf = (): Versions => ({engine: sdkVersion(), program: programVersion()})

/** Changes whenever a program does, released or being worked on: a hash of what is run. */
function programVersion(): string {
  const folder = fileURLToPath(new URL('../../stacks', import.meta.url))
  const files = readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}
