/** The architecture, executable: which room may import which, and who may touch the world (docs/rooms.md has the table). */
import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What the rooms behind the commands are put together from: none of it knows of a command line. */
const CORE = [
  'stacks',
  'src/engine',
  'src/operations',
  'src/report',
  'src/store',
  'src/cloud',
  'src/topology',
  'src/config',
  'src/events',
  'src/errors.ts',
  'src/clock.ts',
  'src/process.ts',
]

/** Room → rooms it may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'src/errors.ts': [],
  'src/clock.ts': [],
  'src/process.ts': [],
  'src/facts.ts': [],
  'src/refusals.ts': [],
  'src/events': ['src/errors.ts'],
  'src/config': ['src/errors.ts'],
  'src/topology': ['src/config', 'src/errors.ts'],
  stacks: ['src/topology'],
  'src/engine': [
    'stacks',
    'src/topology',
    'src/events',
    'src/errors.ts',
    'src/refusals.ts',
    'src/clock.ts',
    'src/process.ts',
    'src/store',
  ],
  'src/store': ['src/errors.ts', 'src/clock.ts', 'src/events', 'src/process.ts', 'src/topology', 'stacks'],
  'src/cloud': ['src/topology', 'src/errors.ts', 'src/refusals.ts', 'src/clock.ts', 'src/facts.ts'],
  'src/emulator': [],
  'src/lean': [],
  'src/observer': ['src/lean', 'src/clock.ts', 'src/facts.ts'],
  'src/gate': ['src/lean', 'src/clock.ts'],
  'src/operations': [
    'src/topology',
    'src/cloud',
    'src/store',
    'src/events',
    'src/errors.ts',
    'src/clock.ts',
    'src/facts.ts',
  ],
  'src/report': ['src/events', 'src/errors.ts', 'src/facts.ts', 'src/cloud', 'src/topology'],
  'src/cli': ['src/report', 'src/config', 'src/events', 'src/errors.ts', 'src/clock.ts'],
  'src/environment': [...CORE, 'src/cli'],
  'src/deploy': [...CORE, 'src/cli', 'src/environment'],
  'src/failover': [...CORE, 'src/cli', 'src/environment', 'src/deploy'],
  'src/scaffold': [...CORE, 'src/cli', 'src/environment'],
  'src/diagnose': [...CORE, 'src/cli', 'src/environment'],
  'src/commands': [...CORE, 'src/cli', 'src/environment', 'src/deploy', 'src/failover', 'src/scaffold', 'src/diagnose'],
}

/** Only types pass: the room's code is not run. */
const TYPES_ONLY: readonly (readonly [string, string])[] = [
  ['src/topology', 'src/config/config.ts'],
  ['src/store', 'stacks'],
  ['src/report', 'src/cloud'],
]

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

const roomOf = (file: string) =>
  Object.keys(MAY_IMPORT).find((room) => file === room || file.startsWith(`${room}/`)) ?? 'nowhere'

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

const FILES = [...sourceFiles('src'), ...sourceFiles('stacks')]
const TEXT = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))

function importsOf(file: string): Import[] {
  const found = TEXT.get(file)!.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|^import '([^']+)'/gm,
  )
  return [...found].map(([, type, from, dynamic, bare]) => {
    const specifier = from ?? dynamic ?? bare!
    const to = specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : specifier
    return {from: file, to, typeOnly: type !== undefined}
  })
}

const IMPORTS = FILES.flatMap(importsOf)
const inside = IMPORTS.filter(({to}) => to.startsWith('src/') || to.startsWith('stacks/'))
const shown = ({from, to}: Import) => `${from} → ${to}`

test('every file lives in a room', () => {
  expect(FILES.filter((file) => roomOf(file) === 'nowhere')).toEqual([])
})

test('rooms import only what they may', () => {
  const stray = inside.filter(
    ({from, to}) => roomOf(from) !== roomOf(to) && !MAY_IMPORT[roomOf(from)]!.includes(roomOf(to)),
  )
  expect(stray.map(shown)).toEqual([])
})

test('nobody imports commands', () => {
  expect(
    inside.filter(({from, to}) => roomOf(to) === 'src/commands' && roomOf(from) !== 'src/commands').map(shown),
  ).toEqual([])
})

test.each(TYPES_ONLY)('%s takes only types from %s', (room, target) => {
  const values = inside.filter(({from, to, typeOnly}) => roomOf(from) === room && to.startsWith(target) && !typeOnly)
  // Constants of Google's regions are data, not code that runs.
  expect(values.filter(({to}) => !to.endsWith('regions.ts')).map(shown)).toEqual([])
})

test('Pulumi is imported by stacks and engine alone', () => {
  const stray = IMPORTS.filter(({to}) => to.startsWith('@pulumi/')).filter(
    ({from}) => !['stacks', 'src/engine', 'src/emulator'].includes(roomOf(from)),
  )
  expect(stray.map(shown)).toEqual([])
})

test.each([
  ['console', /\bconsole\./, ['src/report']],
  ['process.env', /\bprocess\.env\b/, ['src/cli', 'src/environment', 'src/emulator', 'src/observer', 'src/gate']],
  ['Date.now', /\bDate\.now\b/, ['src/clock.ts', 'src/emulator']],
  ['process.exit', /\bprocess\.exit\(/, ['src/emulator', 'src/gate']],
])('%s is touched only where it may be', (_name, pattern, rooms) => {
  const stray = FILES.filter((file) => !rooms.includes(roomOf(file)) && pattern.test(TEXT.get(file)!))
  expect(stray).toEqual([])
})

/** Everything that `start` loads before the first line of output, following static imports alone. */
function reachable(start: string): Set<string> {
  const seen = new Set<string>()
  const visit = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    const text = TEXT.get(file)
    if (text === undefined) return
    for (const {to, typeOnly} of importsOf(file)) {
      const dynamic = new RegExp(`import\\('[^']*${to.split('/').at(-1)}'\\)`).test(text)
      if (!typeOnly && !dynamic) visit(to)
    }
  }
  visit(start)
  return seen
}

test.each(['src/cli/main.ts', 'src/commands/validate.ts', 'src/commands/status.ts', 'src/commands/schema.ts'])(
  'no Pulumi on the path of %s',
  (start) => {
    const heavy = [...reachable(start)].filter((file) => /^@pulumi\/|^inquirer$|^fastify$/.test(file))
    expect(heavy).toEqual([])
  },
)

test('the image of observer and gate holds all that they load', () => {
  const dockerfile = readFileSync(join(ROOT, 'src/observer/Dockerfile'), 'utf8')
  const copied = [...dockerfile.matchAll(/^COPY dist\/(\S+)/gm)].map(([, path]) => path!.replace(/\.js$/, '.ts'))
  const loaded = ['src/observer/main.ts', 'src/gate/main.ts'].flatMap((start) => [...reachable(start)])
  const missing = loaded.filter((file) => TEXT.has(file) && !copied.some((path) => `${file}/`.startsWith(`${path}/`)))
  expect(missing).toEqual([])
})

test('a command is at most 60 lines', () => {
  const long = FILES.filter((file) => roomOf(file) === 'src/commands').filter(
    (file) => TEXT.get(file)!.split('\n').length > 61,
  )
  expect(long).toEqual([])
})

test('a source file is at most 300 lines', () => {
  const long = FILES.filter((file) => TEXT.get(file)!.split('\n').length > 301)
  expect(long).toEqual([])
})
