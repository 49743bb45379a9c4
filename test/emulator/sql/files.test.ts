/** What is read byte by byte: tar archives and PostgreSQL's control file. */
import {mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {parseControlFile} from '../../../src/emulator/sql/control-file.ts'
import {extractTar} from '../../../src/emulator/sql/tar.ts'

function tarEntry(path: string, content: string, type = '0'): Buffer {
  const header = Buffer.alloc(512)
  header.write(path, 0)
  header.write(Buffer.byteLength(content).toString(8).padStart(11, '0'), 124)
  header.write(type, 156)
  const padded = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512)
  padded.write(content)
  return Buffer.concat([header, padded])
}

async function* inPieces(data: Buffer, size: number) {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tar-'))
  onTestFinished(() => rmSync(path, {recursive: true}))
  return path
}

const ARCHIVE = Buffer.concat([
  tarEntry('base/', '', '5'),
  tarEntry('base/1', 'x'.repeat(1000)),
  tarEntry('empty', ''),
  tarEntry('PG_VERSION', '18\n'),
  Buffer.alloc(1024),
])

test.each([1, 7, 511, 512, 513, 100_000])('an archive in pieces of %i bytes is unpacked', async (size) => {
  const target = folder()
  await extractTar(inPieces(ARCHIVE, size), target)
  expect(readFileSync(join(target, 'base/1'), 'utf8')).toBe('x'.repeat(1000))
  expect(readFileSync(join(target, 'PG_VERSION'), 'utf8')).toBe('18\n')
  expect(statSync(join(target, 'empty')).size).toBe(0)
})

test('an archive that ends in the middle of a file is refused', async () => {
  await expect(extractTar(inPieces(ARCHIVE.subarray(0, 1500), 512), folder())).rejects.toThrow('middle of a file')
})

test.skipIf(process.platform !== 'linux')('an archive that breaks off leaves no file open', async () => {
  const target = folder()
  async function* broken() {
    yield ARCHIVE.subarray(0, 1500)
    throw new Error('the server left')
  }
  await expect(extractTar(broken(), target)).rejects.toThrow('the server left')
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return []
    }
  })
  expect(open.filter((path) => path.startsWith(target))).toEqual([])
})

test.each(['../outside', '/etc/outside'])('an archive that names %s is refused', async (path) => {
  await expect(extractTar(inPieces(tarEntry(path, 'x'), 512), folder())).rejects.toThrow('names')
})

test('the control file tells state, timeline and where the last checkpoint is', () => {
  const file = Buffer.alloc(8192)
  file.writeBigUInt64LE(7_710_986_878_613_324_496n, 0)
  file.writeUInt32LE(1800, 8)
  file.writeInt32LE(1, 16)
  file.writeBigUInt64LE(33_554_472n, 32)
  file.writeBigUInt64LE(33_554_432n, 40)
  file.writeUInt32LE(3, 48)
  expect(parseControlFile(file)).toEqual({
    systemId: '7710986878613324496',
    state: 'shut down',
    checkpointLsn: 33_554_472,
    redoLsn: 33_554_432,
    timeline: 3,
  })
})

test('a control file of another version is refused rather than misread', () => {
  const file = Buffer.alloc(8192)
  file.writeUInt32LE(2000, 8)
  expect(() => parseControlFile(file)).toThrow('unknown layout (2000)')
})
