/** Small files written so that a reader, or the next run after a power cut, finds the old text or the new one, never half. */
import {randomBytes} from 'node:crypto'
import {link, mkdir, open, rename, rm} from 'node:fs/promises'
import {dirname} from 'node:path'

/** undefined when the file or folder is not there; for `.catch`. */
export const absent = (thrown: unknown): undefined => {
  if ((thrown as {code?: string}).code === 'ENOENT') return undefined
  throw thrown
}

/** Durable when it resolves. Mode 0600, its folder 0700. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const aside = await writeAside(path, text)
  await rename(aside, path)
}

/** Durable when it resolves; leaves the file as it is when there is one already. */
export async function createFile(path: string, text: string): Promise<void> {
  const aside = await writeAside(path, text)
  await link(aside, path).catch((thrown) => {
    if (thrown.code !== 'EEXIST') throw thrown
  })
  await rm(aside)
}

/** Writes `text` beside `path` under a name of its own, which is returned; durable when it resolves, and gone when it rejects. */
export async function writeAside(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), {recursive: true, mode: 0o700})
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`
  const file = await open(aside, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (thrown) {
    await rm(aside, {force: true})
    throw thrown
  } finally {
    await file.close()
  }
  return aside
}
