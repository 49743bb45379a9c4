/** Where a process begins: what was compiled in earlier runs, then oclif. */
import {existsSync} from 'node:fs'
import {enableCompileCache} from 'node:module'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {openBundle} from './compiled.ts'

const BUNDLE = fileURLToPath(new URL('..', import.meta.url))
const COMMANDS = join(BUNDLE, 'commands')

/** Beside the engine in this user's cache: the system's temporary folder, Node's own choice, is emptied too often. */
const cacheFolder = ({HA_CACHE_DIR, XDG_CACHE_HOME}: NodeJS.ProcessEnv) =>
  HA_CACHE_DIR ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ha')

/** Commands run different functions of the same files, so each keeps its own; what is no command ends in help. */
function commandOf(word: string | undefined): string {
  const isCommand =
    word !== undefined &&
    /^[a-z]+$/.test(word) &&
    [word, `${word}.cjs`].some((name) => existsSync(join(COMMANDS, name)))
  return isCommand ? word : 'help'
}

export async function start(): Promise<void> {
  const code = join(cacheFolder(process.env), 'code')
  const {load, keep} = openBundle(BUNDLE, join(code, commandOf(process.argv[2])))
  process.once('exit', keep)
  // Packages are loaded by Node, which keeps what it compiles of them.
  enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(code, 'packages'))
  const {main} = load(join(BUNDLE, 'cli', 'main.cjs')) as typeof import('./main.ts')
  await main()
}
