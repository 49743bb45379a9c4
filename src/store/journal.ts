/**
 * The port of an operation's journal: numbered lines, appended one at a time, each durable when it resolves. On disk one file
 * beside the store; on Google Cloud Storage one object per line, made under the condition that it does not exist yet.
 */
import {mkdir, open, readFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {Bucket} from './bucket.ts'
import {openGcs, type Place} from './open.ts'
import {checkName, conflict} from './store.ts'

export interface JournalStore {
  /** Whole lines, in order. A torn last line, its writer killed in mid-write, is left out. */
  read(run: string): Promise<readonly string[]>
  /** Writes line `number` (from 0). Throws STORE_CONFLICT when there is one already: another process writes this journal. */
  append(run: string, number: number, line: string): Promise<void>
  /** Keeps a file beside the journal, for people; returns where. */
  keep(run: string, name: string, text: string): Promise<string>
}

/** The journals beside the store at `url`, which was opened before: it refuses what has no implementation. */
export function openJournals({url, access}: Place): JournalStore {
  if (url.startsWith('file://')) return fileJournals(join(fileURLToPath(url), 'journals'))
  const {bucket, folder} = openGcs(url, access)
  return bucketJournals(bucket, `${folder}journals/`)
}

const DIGITS = 6

/**
 * Journals in a bucket below `folder` (ends with `/`). A line is an object that may only be made while there is none, so that of two
 * writers one is refused; listing shows it as soon as it is made: https://docs.cloud.google.com/storage/docs/consistency
 */
export function bucketJournals(bucket: Bucket, folder: string): JournalStore {
  const linesOf = (run: string) => `${folder}${checkName(run)}/lines/`
  return {
    async read(run) {
      const names = await bucket.list(linesOf(run))
      const lines = await Promise.all(names.map((name) => bucket.get(name)))
      return lines.flatMap((line) => line?.text ?? [])
    },
    async append(run, number, line) {
      const object = `${linesOf(run)}${String(number).padStart(DIGITS, '0')}`
      if ((await bucket.put(object, line, '0')) === undefined) throw conflict(`${run}/journal`)
    },
    async keep(run, name, text) {
      const object = `${folder}${checkName(run)}/${checkName(name)}`
      await bucket.put(object, text)
      return `gs://${bucket.name}/${object}`
    },
  }
}

/** Journals below `root`, a folder per run. */
export function fileJournals(root: string): JournalStore {
  const pathOf = (run: string, name = 'journal.jsonl') => join(root, checkName(run), name)
  const textOf = async (run: string) => (await readFile(pathOf(run), 'utf8').catch(absent)) ?? ''
  return {
    async read(run) {
      return wholeLines(await textOf(run))
    },
    async append(run, number, line) {
      const path = pathOf(run)
      await mkdir(dirname(path), {recursive: true, mode: 0o700})
      const text = await textOf(run)
      const lines = wholeLines(text)
      if (lines.length !== number) throw conflict(`${run}/journal`)
      const file = await open(path, 'r+').catch(() => open(path, 'wx', 0o600))
      try {
        // Over a torn line, if there is one.
        const at = lines.reduce((sum, it) => sum + Buffer.byteLength(it) + 1, 0)
        await file.truncate(at)
        await file.write(`${line}\n`, at)
        await file.datasync()
      } finally {
        await file.close()
      }
      if (number === 0) await syncFolder(dirname(path))
    },
    async keep(run, name, text) {
      const path = pathOf(run, checkName(name))
      await mkdir(dirname(path), {recursive: true, mode: 0o700})
      const file = await open(path, 'w', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      return path
    },
  }
}

const wholeLines = (text: string) => text.split('\n').slice(0, -1)

const absent = (thrown: unknown): undefined => {
  if ((thrown as {code?: string}).code === 'ENOENT') return undefined
  throw thrown
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}
