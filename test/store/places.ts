/** Where state is kept, on disk and in a bucket: for what every store owes its callers. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {afterAll, beforeAll, beforeEach} from 'vitest'
import type {Place} from '../../src/store/open.ts'
import {type FakeGcs, startGcs} from '../fakes/gcs.ts'

export interface Places {
  /** By what it is called; another, empty place in every test. */
  readonly all: readonly (readonly [string, () => Place])[]
  readonly gcs: FakeGcs
  /** Differs in every test. */
  readonly number: number
}

/** For the file that calls it; gone at its end. */
export function usePlaces(): Places {
  let dir: string
  let gcs: FakeGcs
  let made = 0
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'ha-store-'))
    gcs = await startGcs()
  })
  afterAll(async () => {
    rmSync(dir, {recursive: true, force: true})
    await gcs.close()
  })
  beforeEach(() => {
    gcs.trouble = undefined
    made += 1
  })
  return {
    all: [
      ['on disk', () => ({url: pathToFileURL(join(dir, String(made))).href})],
      ['in a bucket', () => ({url: `gs://bucket/${made}`, access: {base: gcs.base}})],
    ],
    get gcs() {
      return gcs
    },
    get number() {
      return made
    },
  }
}
