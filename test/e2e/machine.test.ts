/** Machines and folders that lack something: a clear line with the right exit code, never a stack trace. */
import {execFileSync, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {stripVTControlCharacters} from 'node:util'
import {afterEach, beforeEach, expect, onTestFinished, test} from 'vitest'
import {withoutPlatform} from './platform.ts'

const REPO = fileURLToPath(new URL('../..', import.meta.url))
const HA = join(REPO, 'bin', 'run.js')
const isRoot = process.getuid?.() === 0

let folder: string
let project: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ha-machine-'))
  chmodSync(folder, 0o755)
  project = projectIn(folder)
})
const mounts: string[] = []
afterEach(() => {
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount])
  rmSync(folder, {recursive: true, force: true})
})

/** The minimal example in a folder of its own. */
function projectIn(parent: string): string {
  const dir = join(parent, 'app')
  cpSync(join(REPO, 'templates', 'minimal'), dir, {
    recursive: true,
    filter: (path) => !/\/(\.ha|node_modules)$/.test(path),
  })
  return dir
}

interface Options {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly node?: string
}

/** `ha …` to its end. HA_ENV, NO_COLOR and the like only as given. */
function ha(args: readonly string[], {env = {}, cwd = project, node = process.execPath}: Options = {}) {
  const {HA_ENV: _, NO_COLOR: __, FORCE_COLOR: ___, ...inherited} = process.env
  return spawnSync(node, [HA, ...args], {cwd, env: {...inherited, ...env}, encoding: 'utf8', timeout: 120_000})
}

/** One line of what is wrong, the code it is known by, and lines of what to do. */
function expectCalm({status, stderr}: {status: number | null; stderr: string}, exit: number, code: string): void {
  expect(stderr).toContain(`[${code}]`)
  expect(stderr).not.toMatch(/^\s+at |node:internal|BUG/m)
  expect(stderr).toMatch(/^ {2}→ \S/m)
  expect(status, stderr).toBe(exit)
}

test('HA_ENV chooses the environment, and --env has the last word', () => {
  writeFileSync(
    join(project, 'ha.yaml'),
    readFileSync(join(project, 'ha.yaml'), 'utf8').replace(
      /^environments:\n/m,
      'environments:\n  first: {target: local}\n  second: {target: local}\n',
    ),
  )
  const environment = (run: ReturnType<typeof ha>) => JSON.parse(run.stdout.trim().split('\n').at(-1)!).value
  expect(environment(ha(['validate', '--json']))).toMatchObject({environment: 'first'})
  expect(environment(ha(['validate', '--json'], {env: {HA_ENV: 'second'}}))).toMatchObject({environment: 'second'})
  expect(environment(ha(['validate', '--json', '-e', 'first'], {env: {HA_ENV: 'second'}}))).toMatchObject({
    environment: 'first',
  })
  expectCalm(ha(['validate'], {env: {HA_ENV: 'third'}}), 65, 'CONFIG_INVALID')
})

const withTerminal = test.skipIf(process.platform !== 'linux' || !onPath('script'))

withTerminal('on a terminal there is colour, with NO_COLOR or --no-color there is none', () => {
  const isColoured = (args: string, env: NodeJS.ProcessEnv = {}) => {
    const {NO_COLOR: _, FORCE_COLOR: __, ...inherited} = process.env
    const command = `'${process.execPath}' '${HA}' ${args}`
    const ran = spawnSync('script', ['-qec', command, '/dev/null'], {cwd: project, env: {...inherited, ...env}})
    return stripVTControlCharacters(String(ran.stdout)) !== withoutCursor(String(ran.stdout))
  }
  expect(isColoured('validate')).toBe(true)
  expect(isColoured('validate', {NO_COLOR: '1'})).toBe(false)
  expect(isColoured('validate --no-color')).toBe(false)
})

/** The live view hides and shows it. */
const withoutCursor = (text: string) => text.replaceAll('\u001B[?25h', '').replaceAll('\u001B[?25l', '')

/** A file system of the test's own, until its end. */
function mountSmall(size: string): string {
  const dir = join(folder, 'mnt')
  mkdirSync(dir)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir])
  mounts.push(dir)
  chmodSync(dir, 0o755)
  return dir
}

/** Mounting takes more than being root in some containers. */
const canMount =
  isRoot &&
  process.platform === 'linux' &&
  (() => {
    const dir = mkdtempSync(join(tmpdir(), 'ha-mount-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]).status === 0
    if (mounted) spawnSync('umount', [dir])
    rmSync(dir, {recursive: true})
    return mounted
  })()

const withReadOnly = test.skipIf(isRoot && !canMount)
const withDisk = test.skipIf(!canMount || withoutPlatform !== undefined)

withReadOnly('a folder that cannot be written is named, and what only reads works there', () => {
  let dir = project
  if (isRoot) {
    // Permissions do not stop root; a file system does.
    const mounted = mountSmall('4m')
    dir = projectIn(mounted)
    execFileSync('mount', ['-o', 'remount,ro', mounted])
  } else {
    chmodSync(project, 0o555)
    onTestFinished(() => chmodSync(project, 0o755))
  }
  expect(ha(['validate'], {cwd: dir}).status).toBe(0)
  expectCalm(ha(['status'], {cwd: dir}), 1, 'NOT_DEPLOYED')
  const deployed = ha(['deploy', '--yes'], {cwd: dir})
  expectCalm(deployed, 69, 'FOLDER_CLOSED')
  expect(deployed.stderr).toContain(dir)
})

withDisk('a disk that is full is named, and what was begun is taken down', () => {
  const dir = projectIn(mountSmall('2m'))
  const deployed = ha(['deploy', '--yes'], {cwd: dir})
  expectCalm(deployed, 69, 'DISK_FULL')
  expect(ha(['destroy', '--yes'], {cwd: dir}).stderr).not.toMatch(/BUG/)
})

const withPlatform = test.skipIf(withoutPlatform !== undefined)

withPlatform('a port that ha.yaml asks for and another program has is named, with its holder', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  const deployed = ha(['deploy', '--yes', '--set', `edge.port=${port}`])
  expectCalm(deployed, 69, 'PORT_TAKEN')
  expect(deployed.stderr).toContain(`${port} is taken`)
  expect(existsSync(join(project, '.ha', 'local', 'emulator', 'process.json'))).toBe(false)
})

test('without an engine, Go and a network it says what would give it one', () => {
  // Only Node on PATH; the way out leads nowhere.
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, 'node'))
  const nowhere = 'http://127.0.0.1:1'
  const env = {
    PATH: bin,
    HA_CACHE_DIR: join(folder, 'cache'),
    HTTPS_PROXY: nowhere,
    https_proxy: nowhere,
    HTTP_PROXY: nowhere,
    NO_PROXY: '',
  }
  const deployed = ha(['deploy', '--yes'], {env})
  expectCalm(deployed, 69, 'ENGINE_UNAVAILABLE')
  expect(deployed.stderr).toMatch(/Go/)
})

/** A Node on PATH that is too old for ha, if there is one. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .concat('/usr/bin')
  .map((dir) => join(dir, 'node'))
  .find((node) => isOld(node))

function isOld(node: string): boolean {
  const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)/.exec(spawnSync(node, ['-v'], {encoding: 'utf8'}).stdout ?? '') ?? []
  return Number(major) > 0 && (Number(major) < 22 || (Number(major) === 22 && Number(minor) < 15))
}

const withOldNode = test.skipIf(oldNode === undefined)

withOldNode('under an older Node it goes on with its own, and without one it says what it needs', () => {
  const own = ha(['validate'], {node: oldNode!})
  expect(own.stdout).toContain('is valid')
  expect(own.status).toBe(0)
  cpSync(join(REPO, 'bin'), join(folder, 'bin'), {recursive: true})
  const alone = spawnSync(oldNode!, [join(folder, 'bin', 'run.js'), 'validate'], {encoding: 'utf8'})
  expectCalm(alone, 69, 'NODE_TOO_OLD')
})

function onPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
