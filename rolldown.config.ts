/**
 * `npm run build`: the sources as Node runs them, laid out in dist as they are in the clone. Types are checked by `npm run types`.
 *
 * The CLI is bundled, each command an entry of its own, so that a quick command loads a few files instead of several hundred
 * (test/bench/start.ts). What is bundled is listed under devDependencies; `dependencies` stay packages of their own.
 */
import {globSync, readFileSync} from 'node:fs'
import {createRequire, isBuiltin} from 'node:module'
import {join, relative} from 'node:path'
import {defineConfig, type Plugin} from 'rolldown'

const {dependencies} = JSON.parse(readFileSync('package.json', 'utf8')) as {dependencies: Record<string, string>}
// oclif asks for TypeScript only where it runs from sources.
const packages = [...Object.keys(dependencies), 'typescript']
const isInstalled = (id: string) => packages.some((name) => id === name || id.startsWith(`${name}/`))
const isPackage = (id: string) => /^[a-z@]/.test(id)

const entries = (files: readonly string[]) => Object.fromEntries(files.map((file) => [file.replace(/\.ts$/, ''), file]))

/** A bundled module keeps its own address, so that what it looks for beside itself is found. */
const ownAddress: Plugin = {
  name: 'own-address',
  transform: {
    filter: {id: /\.ts$/, code: /import\.meta\.url/},
    handler(code, id) {
      const own = relative(import.meta.dirname, id).replace(/\.ts$/, '.js')
      return code.replaceAll('import.meta.url', `new URL('@dist/${own}', import.meta.url).href`)
    },
  },
  renderChunk: (code, {fileName}) => code.replaceAll('@dist/', '../'.repeat(fileName.split('/').length - 1)),
}

/**
 * Node's own modules, each loaded when something of it is first used: oclif names child_process, readline and others that a
 * quick command never needs. As plain `import`s they would also read every property that they export, and so load what lies
 * behind the lazy ones (all of undici behind node:http, 16 ms).
 */
const builtins: Plugin = {
  name: 'builtins',
  // node:module is what the bundle's own first lines import.
  resolveId: (id) => (isBuiltin(id) && id !== 'node:module' ? `\0${id}` : undefined),
  load: (id) => (isShim(id) ? onFirstUse(id.slice(1)) : undefined),
}

const isShim = (id: string) => id.startsWith('\0') && isBuiltin(id.slice(1))

/** What takes a millisecond or more to load. */
const WEIGHTY = /^(node:)?(child_process|crypto|fs\/promises|https?|net|perf_hooks|readline(\/promises)?|tty|zlib)$/

function onFirstUse(name: string): string {
  const whole = `process.getBuiltinModule('${name}')`
  if (!WEIGHTY.test(name)) return `module.exports = ${whole}`
  const exports = Object.keys(process.getBuiltinModule(name)!).map((key) => `get ${key}() { return the().${key} }`)
  return `let it\nconst the = () => (it ??= ${whole})\nmodule.exports = {${exports.join(', ')}}`
}

/**
 * The same for programs whose modules stay files: an `import` of node:http reads all of its exports and so loads undici with
 * web streams, HTTP/2 and workers, 5 MiB in every process.
 */
const leanHttp: Plugin = {
  name: 'lean-http',
  renderChunk: (code) =>
    code.replace(
      /^import (.*) from "(node:https?)";$/gm,
      (_, names: string, module) => `const ${names.replaceAll(' as ', ': ')} = process.getBuiltinModule("${module}");`,
    ),
}

/**
 * What oclif does at every start for the sake of others: it asks whether it runs in WSL (3 ms), loads a collator (5 ms), and by way of
 * `fs.promises` readline (4 ms).
 */
const LEANER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'config/plugin.js': {'a.id.localeCompare(b.id)': '(a.id < b.id ? -1 : a.id > b.id ? 1 : 0)'},
  'util/fs.js': {'await (0, promises_1.readFile)': '(0, node_fs_1.readFileSync)'},
}

/** Packages that oclif loads at every start, and what it uses of them on some: templates of help, plugins, commands without a manifest, rc files. */
const SELDOM: Readonly<Record<string, readonly string[]>> = {
  'cli-spinners': ['line', 'dots2'],
  ejs: ['render'],
  lilconfig: ['lilconfig'],
  minimatch: ['minimatch'],
  tinyglobby: ['glob'],
}

const leanOclif: Plugin = {
  name: 'lean-oclif',
  resolveId(id, importer) {
    if (id === 'wsl-utils') return '\0wsl-utils'
    return id in SELDOM && importer?.includes('@oclif/core/') ? `\0seldom:${id}` : undefined
  },
  load(id) {
    if (id === '\0wsl-utils') return 'export const isWsl = false'
    const name = /^\0seldom:(.*)/.exec(id)?.[1]
    if (name === undefined) return
    const whole = JSON.stringify(
      createRequire(join(import.meta.dirname, 'node_modules/@oclif/core/package.json')).resolve(name),
    )
    return `module.exports = {${SELDOM[name]!.map((key) => `get ${key}() { return require(${whole}).${key} }`).join(', ')}}`
  },
  transform: {
    filter: {id: /@oclif\/core\/lib\/(config\/plugin|util\/fs)\.js$/},
    handler(code, id) {
      const file = Object.keys(LEANER).find((name) => id.endsWith(name))!
      return Object.entries(LEANER[file]!).reduce((text, [from, to]) => {
        // A newer oclif may have mended it.
        if (!text.includes(from)) throw new Error(`${file} of oclif no longer holds: ${from}`)
        return text.replaceAll(from, to)
      }, code)
    },
  },
}

export default defineConfig([
  {
    input: entries(['src/cli/main.ts', ...globSync('src/commands/**/*.ts')]),
    platform: 'node',
    external: isInstalled,
    plugins: [ownAddress, builtins, leanOclif],
    output: {
      dir: 'dist',
      // Scripts, so that what was compiled of them can be kept (src/cli/compiled.ts).
      format: 'cjs',
      // Read at every start: escapes keep V8 from taking each character for two bytes, comments are only read over.
      charset: 'ascii',
      comments: false,
      entryFileNames: '[name].cjs',
      chunkFileNames: 'src/chunks/[name].cjs',
      cleanDir: true,
      // In few files: each is looked up, read and checked by itself.
      codeSplitting: {
        groups: [
          {name: 'node', test: (id) => isShim(id), priority: 4},
          {name: 'start', test: /@oclif\/core\/lib\/(main|config\/config)\.js$/, priority: 3},
          {name: 'command', test: /src\/cli\/(command|flags)\.ts$/, priority: 2},
          {name: 'config', test: /src\/config\/load\.ts$/, priority: 1},
        ],
      },
    },
  },
  {
    input: entries(['src/cli/start.ts']),
    platform: 'node',
    plugins: [builtins],
    output: {dir: 'dist', charset: 'ascii', comments: false, entryFileNames: '[name].js'},
  },
  {
    // Programs of their own: they run for days, and what they are made of is looked at and copied file by file. So are the
    // stacks, which `ha eject` hands over.
    input: entries([
      'src/emulator/main.ts',
      'src/emulator/region/main.ts',
      'src/observer/main.ts',
      'src/gate/main.ts',
      'stacks/index.ts',
    ]),
    platform: 'node',
    external: isPackage,
    plugins: [leanHttp],
    output: {dir: 'dist', preserveModules: true, preserveModulesRoot: '.', entryFileNames: '[name].js'},
  },
])
