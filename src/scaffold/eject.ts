/** `ha eject`: the same programs as a Pulumi project of one's own, against the same state. ha is not needed for it any more. */
import {existsSync} from 'node:fs'
import {copyFile, mkdir, readdir, readFile, writeFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {dirname, join, relative, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {stacksOf} from '../../stacks/index.ts'
import {sdkVersion} from '../engine/pulumi.ts'
import {type Seal, sealLines} from '../engine/seal.ts'
import type {Environment} from '../environment/environment.ts'
import {HaError} from '../errors.ts'
import {ejectReadme} from './eject-readme.ts'

/** The folder that holds `src` and `stacks`: `dist` when built. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
const PROGRAMS = 'programs'
/** ha's own: above `dist`, or beside `src`. */
const PACKAGE = [join(ROOT, 'package.json'), join(ROOT, '..', 'package.json')].find((path) => existsSync(path))!

export interface EjectRequest {
  readonly environment: Environment
  /** Absolute. */
  readonly folder: string
  readonly place: {readonly stateUrl: string; readonly seal?: Seal}
  readonly force: boolean
}

/**
 * Writes the project; returns its files, relative to the folder, and the stacks.
 * @throws HaError NOT_DEPLOYED, DESTINATION_EXISTS (unless `force`)
 */
export async function eject({
  environment,
  folder,
  place,
  force,
}: EjectRequest): Promise<{files: readonly string[]; stacks: readonly string[]}> {
  const {config, topology, ledger} = environment
  const stacks = stacksOf(topology).filter((node) => node.kind === 'stack' && node.name in ledger.fingerprints)
  if (stacks.length === 0 || place.seal === undefined)
    throw new HaError('NOT_DEPLOYED', 'There is no state to hand over yet.', {next: ['ha deploy']})
  if (!force && existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new HaError('DESTINATION_EXISTS', `${folder} is not empty. Nothing was written.`, {
      next: ['Name another folder, or add --force.'],
    })
  }
  const programs = await closureOf(join(ROOT, 'stacks', `index${EXTENSION}`))
  for (const file of programs) {
    const to = join(folder, PROGRAMS, relative(ROOT, file))
    await mkdir(dirname(to), {recursive: true})
    await copyFile(file, to)
  }
  const seal = place.seal
  const written: Record<string, string> = {
    'Pulumi.yaml': pulumiYaml(config.app, place.stateUrl),
    'package.json': json(packageOf(config.app)),
    'index.js': INDEX.replace('@EXTENSION@', EXTENSION),
    'topology.json': json(topology),
    'README.md': ejectReadme({
      app: config.app,
      environment: config.environment,
      target: config.target,
      version: sdkVersion(),
      stacks: stacks.map(({name}) => name),
      seal,
    }),
    '.gitignore': 'node_modules/\n',
    ...Object.fromEntries(stacks.map((node) => [`inputs/${node.name}.json`, json(node.input(ledger.recorded))])),
    ...Object.fromEntries(stacks.map(({name}) => [`Pulumi.${name}.yaml`, settings(seal)])),
  }
  for (const [name, text] of Object.entries(written)) {
    await mkdir(dirname(join(folder, name)), {recursive: true})
    await writeFile(join(folder, name), text)
  }
  const copied = programs.map((file) => join(PROGRAMS, relative(ROOT, file)))
  return {files: [...Object.keys(written), ...copied].sort(), stacks: stacks.map(({name}) => name)}
}

/** Every file of ours that `start` needs, itself included, by its relative imports; types are not needed. */
async function closureOf(start: string): Promise<readonly string[]> {
  const seen = new Set<string>()
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return
    seen.add(file)
    const text = await readFile(file, 'utf8')
    const imports = text.matchAll(
      /^(?:import|export)(?! type)[^'"]*?from\s+['"](\.[^'"]+)['"]|import\(['"](\.[^'"]+)['"]\)|^import ['"](\.[^'"]+)['"]/gm,
    )
    for (const [, from, lazy, bare] of imports) await visit(resolve(dirname(file), from ?? lazy ?? bare!))
  }
  await visit(start)
  return [...seen].sort()
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const settings = (seal: Seal): string =>
  [...sealLines(seal), 'config:', '  pulumi:disable-default-providers:', '    - "*"', ''].join('\n')

const pulumiYaml = (app: string, stateUrl: string): string =>
  [
    `name: ${JSON.stringify(app)}`,
    'description: Ejected from ha.',
    'runtime:',
    '  name: nodejs',
    '  options: {typescript: false}',
    'main: index.js',
    'backend:',
    `  url: ${JSON.stringify(stateUrl)}`,
    '',
  ].join('\n')

/** The very versions that made the state. */
function packageOf(app: string) {
  const own = createRequire(import.meta.url)(PACKAGE) as {dependencies: Record<string, string>}
  const needed = ['@pulumi/gcp', '@pulumi/kubernetes', '@pulumi/pulumi']
  return {
    name: `${app}-infrastructure`,
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(needed.map((name) => [name, own.dependencies[name]])),
  }
}

/** One program for all stacks: which one is asked of Pulumi. What a stack is made from lies in inputs/. */
const INDEX = [
  "import {readFileSync} from 'node:fs'",
  "import * as pulumi from '@pulumi/pulumi'",
  "import {stacksOf} from './programs/stacks/index@EXTENSION@'",
  '',
  "const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))",
  'const name = pulumi.getStack()',
  "const stack = stacksOf(read('topology.json')).find((node) => node.name === name)",
  "if (!stack) throw new Error('There is no program for the stack ' + name)",
  '',
  "export default () => stack.program(read('inputs/' + name + '.json'))",
  '',
].join('\n')
