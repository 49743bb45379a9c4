/** Unpacks the tar stream of a base backup (POSIX ustar: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html). */
import {chown, type FileHandle, mkdir, open, symlink} from 'node:fs/promises'
import {join, normalize} from 'node:path'

const BLOCK = 512

interface Owner {
  readonly uid: number
  readonly gid: number
}

interface Header {
  readonly path: string
  readonly size: number
  readonly type: string
  readonly link: string
}

/** undefined for the zero block that ends an archive. */
export function parseTarHeader(block: Buffer): Header | undefined {
  if (block[0] === 0) return undefined
  const text = (from: number, length: number) => {
    const field = block.subarray(from, from + length)
    const end = field.indexOf(0)
    return field.toString('utf8', 0, end < 0 ? length : end)
  }
  const prefix = text(345, 155)
  const name = text(0, 100)
  return {
    path: prefix ? `${prefix}/${name}` : name,
    size: readSize(block),
    type: text(156, 1) || '0',
    link: text(157, 100),
  }
}

/** Octal, or for 8 GiB and more big-endian binary with the first bit set. */
function readSize(block: Buffer): number {
  if (block[124]! & 0x80) return Number(block.readBigUInt64BE(128))
  return Number.parseInt(block.toString('latin1', 124, 136).replace(/\0.*$/s, '').trim() || '0', 8)
}

/**
 * Writes each entry below `folder`, parents before their children as the server sends them. Throws on an entry that would leave it and on an archive that ends in the middle of a file.
 * Nothing is flushed: whoever wants it durable calls fsync when all is there.
 */
export async function extractTar(chunks: AsyncIterable<Buffer>, folder: string, owner?: Owner): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  let file: {handle: FileHandle; left: number; padding: number} | undefined
  try {
    for await (const chunk of chunks) {
      rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      for (;;) {
        if (file) {
          const take = Math.min(file.left, rest.length)
          if (take > 0) await file.handle.write(rest, 0, take)
          file.left -= take
          rest = rest.subarray(take)
          if (file.left > 0 || rest.length < file.padding) break
          rest = rest.subarray(file.padding)
          await file.handle.close()
          file = undefined
        }
        if (rest.length < BLOCK) break
        const header = parseTarHeader(rest.subarray(0, BLOCK))
        rest = rest.subarray(BLOCK)
        if (header) file = await openEntry(header, folder, owner)
      }
    }
    if (file) throw new Error('The archive ends in the middle of a file')
  } finally {
    await file?.handle.close()
  }
}

async function openEntry(header: Header, folder: string, owner: Owner | undefined) {
  const path = normalize(header.path)
  if (path.startsWith('..') || path.startsWith('/')) throw new Error(`The archive names ${header.path}`)
  const target = join(folder, path)
  if (header.type === '5') {
    await mkdir(target, {recursive: true, mode: 0o700})
    if (owner) await chown(target, owner.uid, owner.gid)
  } else if (header.type === '2') {
    await symlink(header.link, target)
  } else if (header.type === '0') {
    const handle = await open(target, 'w', 0o600)
    if (owner) await handle.chown(owner.uid, owner.gid)
    return {handle, left: header.size, padding: (BLOCK - (header.size % BLOCK)) % BLOCK}
  }
  return undefined
}
