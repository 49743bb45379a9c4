/**
 * Documents in a folder. A document is a folder of versions, `<name>.d/<number>.json`: a new one is written aside, synced, and
 * linked to the next number, which fails when another run took that number first. The highest number is the truth, older ones
 * are swept; a removed document leaves an empty version behind, so that numbers never start again.
 */
import {createHash} from 'node:crypto'
import {link, mkdir, open, readdir, readFile, rm} from 'node:fs/promises'
import {dirname, join, relative} from 'node:path'
import {HaError} from '../errors.ts'
import {absent, writeAside} from './durable.ts'
import {type Condition, checkName, conflict, type Document, type Store} from './store.ts'

interface Envelope {
  readonly sum: string
  /** Absent: the document was removed. */
  readonly value?: unknown
}

interface Version {
  readonly number: number
  readonly value: unknown
}

const FOLDER = '.d'
/** Versions left behind the newest: how many writes may pass between a writer's reading and linking before it is found out. */
const KEPT = 16

/** A store below `root`, which is made when needed. */
export function fileStore(root: string): Store {
  const folderOf = (name: string) => join(root, `${checkName(name)}${FOLDER}`)

  const put = async (name: string, value: unknown, condition: Condition): Promise<string> => {
    const folder = folderOf(name)
    await mkdir(folder, {recursive: true, mode: 0o700})
    const now = await newest(folder)
    const expected = 'ifVersion' in condition ? condition.ifVersion : undefined
    const found = now?.value === undefined ? undefined : String(now.number)
    if (found !== expected) throw conflict(name)
    const number = (now?.number ?? 0) + 1
    await claim(folder, number, seal(value), name)
    await sweep(folder, number - KEPT)
    return String(number)
  }

  return {
    url: `file://${root}`,
    async read<T>(name: string): Promise<Document<T> | undefined> {
      const now = await newest(folderOf(name))
      return now?.value === undefined ? undefined : {value: now.value as T, version: String(now.number)}
    },
    write: (name, value, condition) => put(name, value, condition),
    async remove(name, condition) {
      await put(name, undefined, condition)
    },
    async list(prefix) {
      const folders = await readdir(root, {withFileTypes: true, recursive: true}).catch(absent)
      const names = (folders ?? [])
        .filter((entry) => entry.isDirectory() && entry.name.endsWith(FOLDER))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).slice(0, -FOLDER.length))
        .filter((name) => name.startsWith(prefix))
        .sort()
      const alive = await Promise.all(names.map(async (name) => (await newest(folderOf(name)))?.value !== undefined))
      return names.filter((_, index) => alive[index])
    },
  }
}

const sumOf = (value: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(value ?? null))
    .digest('hex')
    .slice(0, 16)

const seal = (value: unknown): string => `${JSON.stringify({sum: sumOf(value), value} satisfies Envelope, null, 1)}\n`

const fileOf = (number: number) => `${String(number).padStart(10, '0')}.json`

const numbersIn = async (folder: string): Promise<number[]> =>
  ((await readdir(folder).catch(absent)) ?? [])
    .filter((file) => /^\d{10}\.json$/.test(file))
    .map((file) => Number.parseInt(file, 10))
    .sort((a, b) => a - b)

async function newest(folder: string): Promise<Version | undefined> {
  for (;;) {
    const number = (await numbersIn(folder)).at(-1)
    if (number === undefined) return undefined
    const path = join(folder, fileOf(number))
    const text = await readFile(path, 'utf8').catch(absent)
    // Swept between the listing and the reading: a newer one exists.
    if (text !== undefined) return {number, value: unseal(text, path)}
  }
}

function unseal(text: string, path: string): unknown {
  try {
    const envelope = JSON.parse(text) as Envelope
    if (envelope.sum === sumOf(envelope.value)) return envelope.value
  } catch {
    // Said below: the file cannot be trusted, whichever way it is broken.
  }
  throw new HaError('STORE_CORRUPT', `The file ${path} is damaged: it is not what ha wrote.`, {
    next: [
      `Move it away (mv ${path} ${path}.damaged): the version before it, beside it, becomes the truth.`,
      'Then `ha plan --refresh` compares what is recorded with what runs.',
    ],
    data: {path},
  })
}

/** Writes `text` as version `number` unless someone else did, or has gone further. */
async function claim(folder: string, number: number, text: string, name: string): Promise<void> {
  const path = join(folder, fileOf(number))
  const aside = await writeAside(path, text)
  try {
    await link(aside, path)
    // A writer that slept may link a number which was used and swept long ago. Swept means that KEPT newer ones exist.
    if (((await numbersIn(folder)).at(-1) ?? number) - number >= KEPT) {
      await rm(path, {force: true})
      throw conflict(name)
    }
    await syncFolder(folder)
  } catch (thrown) {
    if ((thrown as {code?: string}).code === 'EEXIST') throw conflict(name)
    throw thrown
  } finally {
    await rm(aside, {force: true})
  }
}

async function sweep(folder: string, upTo: number): Promise<void> {
  const old = (await numbersIn(folder)).filter((number) => number <= upTo)
  await Promise.all(old.map((number) => rm(join(folder, fileOf(number)), {force: true})))
}

async function syncFolder(folder: string): Promise<void> {
  for (const path of [folder, dirname(folder)]) {
    const handle = await open(path, 'r')
    await handle.sync().finally(() => handle.close())
  }
}
