/**
 * `npm run build`: the sources as Node runs them, laid out in dist as they are in the clone. Types are checked by `npm run types`.
 *
 * The CLI is bundled, each command an entry of its own, so that a quick command loads a few files instead of several hundred
 * (test/bench/start.ts). What is bundled is listed under devDependencies; `dependencies` stay packages of their own.
 */
import {globSync, readFileSync} from 'node:fs'
import {isBuiltin} from 'node:module'
import {relative} from 'node:path'
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
 * Node's own modules taken as objects: an `import` of one reads every property that it exports, and so loads what lies behind
 * the lazy ones (all of undici behind node:http, 16 ms).
 */
const builtins: Plugin = {
  name: 'builtins',
  // node:module is what the bundle's own first lines import.
  resolveId: (id) => (isBuiltin(id) && id !== 'node:module' ? `\0${id}` : undefined),
  load: (id) =>
    id.startsWith('\0') && isBuiltin(id.slice(1))
      ? `module.exports = process.getBuiltinModule('${id.slice(1)}')`
      : undefined,
}

/** What oclif does at every start for the sake of others: it asks whether it runs in WSL (3 ms) and loads a collator (5 ms). */
const leanOclif: Plugin = {
  name: 'lean-oclif',
  resolveId: (id) => (id === 'wsl-utils' ? '\0wsl-utils' : undefined),
  load: (id) => (id === '\0wsl-utils' ? 'export const isWsl = false' : undefined),
  transform: {
    filter: {id: /@oclif\/core\/lib\/config\/plugin\.js$/},
    handler: (code) => code.replaceAll('a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : a.id > b.id ? 1 : 0)'),
  },
}

export default defineConfig([
  {
    input: entries(['src/cli/start.ts', ...globSync('src/commands/**/*.ts')]),
    platform: 'node',
    external: isInstalled,
    plugins: [ownAddress, builtins, leanOclif],
    output: {dir: 'dist', entryFileNames: '[name].js', chunkFileNames: 'src/chunks/[name]-[hash].js', cleanDir: true},
  },
  {
    // Programs of their own: they run for days, and what they are made of is looked at and copied file by file. So are the
    // stacks, which `ha eject` hands over.
    input: entries(['src/emulator/main.ts', 'src/emulator/region/main.ts', 'src/observer/main.ts', 'stacks/index.ts']),
    platform: 'node',
    external: isPackage,
    output: {dir: 'dist', preserveModules: true, preserveModulesRoot: '.', entryFileNames: '[name].js'},
  },
])
