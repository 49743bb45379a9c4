/**
 * Loads the bundle with what V8 made of it in an earlier run of the same command. Node's own compile cache is written before a module
 * runs: it holds no function that is first called later, and to compile those was a quarter of a quick command's time.
 */
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, isAbsolute, join, relative, resolve, sep} from 'node:path'
import {constants, Script} from 'node:vm'

interface Loaded {
  readonly exports: unknown
}

interface Compiled {
  readonly script: Script
  readonly source: Buffer
}

const HEAD = Buffer.from('(function (exports, require, module, __filename) {')
const TAIL = Buffer.from('\n})')
/** V8 runs what it is given without a look: nobody else may write there, and nothing may be read of it that is not whole. */
const OWN = 0o700

export interface Bundle {
  /** What the file of this absolute path exports; it is run once. */
  load(file: string): unknown
  /** Keeps what was compiled of files that were not kept before. Never throws: the next start compiles once more. */
  keep(): void
}

/**
 * CommonJS files, ASCII only, that load one another by relative or absolute paths; what else they require is found from `root`.
 *
 * @param root the folder that holds them all
 * @param folder where compiled code is kept: a file for each of the bundle's, each with the very source it was made from in front.
 */
export function openBundle(root: string, folder: string): Bundle {
  const fromOutside = createRequire(join(root, 'bundle.cjs'))
  const loaded = new Map<string, Loaded>()
  const fresh = new Map<string, Compiled>()
  const keptAt = (file: string) => join(folder, relative(root, file).replaceAll(sep, '-'))

  function load(file: string): unknown {
    const before = loaded.get(file)
    if (before) return before.exports
    const module = {exports: {}}
    loaded.set(file, module)
    const require = (id: string) =>
      id.startsWith('.') || isAbsolute(id) ? load(resolve(dirname(file), id)) : fromOutside(id)
    compile(file).runInThisContext()(module.exports, require, module, file)
    return module.exports
  }

  function compile(file: string): Script {
    const source = readFileSync(file)
    const cachedData = kept(file, source)
    const script = new Script(Buffer.concat([HEAD, source, TAIL]).toString('latin1'), {
      filename: file,
      ...(cachedData && {cachedData}),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    // Another version or other flags of V8 than it was made by.
    if (!cachedData || script.cachedDataRejected) fresh.set(file, {script, source})
    return script
  }

  /** V8 compares no more than lengths: the source must be the same, byte for byte. */
  function kept(file: string, source: Buffer): Buffer | undefined {
    try {
      const whole = readFileSync(keptAt(file))
      return whole.subarray(0, source.length).equals(source) ? whole.subarray(source.length) : undefined
    } catch {
      return undefined
    }
  }

  function keep(): void {
    try {
      if (fresh.size > 0) mkdirSync(folder, {recursive: true, mode: OWN})
      for (const [file, {script, source}] of fresh) {
        const path = keptAt(file)
        // Containers that share the folder may share process ids too.
        const own = `${path}.${process.pid}-${process.hrtime.bigint()}`
        writeFileSync(own, Buffer.concat([source, script.createCachedData()]), {flush: true})
        renameSync(own, path)
      }
    } catch {
      // A folder that is shut or a disk that is full.
    }
  }

  return {load, keep}
}
