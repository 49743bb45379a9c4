/** What `ha init` writes: a template's files, its ha.yaml adapted to the answers. */
import {existsSync} from 'node:fs'
import {cp, mkdir, readdir, readFile, writeFile} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseDocument} from 'yaml'
import {parseConfig} from '../config/parse.ts'
import {HaError} from '../errors.ts'

/** What a template needs to know. */
export interface Answers {
  readonly app: string
  readonly regions: readonly string[]
}

const SCHEMA_FILE = 'ha.schema.json'
/** Made by running the template, never part of it. */
const LEFTOVERS = new Set(['node_modules', '.ha'])

/** The folder of shipped templates: beside `src` in a clone, beside `dist` in the package. */
export function templatesFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'templates', 'minimal', 'ha.yaml'))) return join(folder, 'templates')
    if (folder === dirname(folder)) throw new HaError('BUG', 'The templates are missing from this installation.')
  }
}

/** Names of the shipped templates, sorted. */
export async function listTemplates(): Promise<readonly string[]> {
  const entries = await readdir(templatesFolder(), {withFileTypes: true})
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({name}) => name)
    .sort()
}

/** The app's name when nobody gives one: the folder's, as far as it is a valid one. */
export const suggestName = (folder: string) =>
  basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 20) || 'my-app'

/** `app`, `regions` and the editor's modeline put into the template's ha.yaml; comments stay. Pure. */
export function adapt(text: string, {app, regions}: Answers): string {
  const document = parseDocument(text)
  document.set('app', app)
  document.set('regions', document.createNode([...regions], {flow: true}))
  const body = document.toString({lineWidth: 0}).replace(/^# yaml-language-server:.*\n/, '')
  return `# yaml-language-server: $schema=./${SCHEMA_FILE}\n${body}`
}

/**
 * Files that would be written, relative to the destination; then written by `write`.
 * @throws HaError USAGE (no such template, invalid answers), DESTINATION_EXISTS (unless `force`)
 */
export async function scaffold(options: {
  template: string
  folder: string
  answers: Answers
  force: boolean
}): Promise<readonly string[]> {
  const {template, folder, answers, force} = options
  const known = await listTemplates()
  if (!known.includes(template)) {
    throw new HaError('USAGE', `There is no template "${template}".`, {next: [`Templates: ${known.join(', ')}`]})
  }
  const source = join(templatesFolder(), template)
  const config = adapt(await readFile(join(source, 'ha.yaml'), 'utf8'), answers)
  checkAnswers(config, folder)
  const files = [...(await filesIn(source)), SCHEMA_FILE]
  const taken = files.filter((file) => existsSync(join(folder, file)))
  if (taken.length > 0 && !force) {
    throw new HaError('DESTINATION_EXISTS', `${folder} already has ${list(taken)}. Nothing was written.`, {
      next: ['Name another folder, or add --force to overwrite just these files.'],
    })
  }
  await mkdir(folder, {recursive: true})
  for (const file of files.filter((name) => name !== SCHEMA_FILE)) {
    await mkdir(dirname(join(folder, file)), {recursive: true})
    await cp(join(source, file), join(folder, file))
  }
  const {configJsonSchema} = await import('../config/json-schema.ts')
  await writeFile(join(folder, SCHEMA_FILE), `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`)
  await writeFile(join(folder, 'ha.yaml'), config)
  await ignore(folder)
  return files
}

function checkAnswers(config: string, folder: string): void {
  const parsed = parseConfig(config, {file: 'ha.yaml', baseDir: resolve(folder)})
  if ('config' in parsed) return
  const [first] = parsed.problems
  throw new HaError('USAGE', `These answers do not make a valid ha.yaml: ${first!.message}`, {
    next: first!.instead ? [first!.instead] : [],
  })
}

async function filesIn(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), {withFileTypes: true})
  const nested = entries
    .filter(({name}) => !LEFTOVERS.has(name))
    .map((entry) => {
      const path = join(prefix, entry.name)
      return entry.isDirectory() ? filesIn(folder, path) : [path]
    })
  return (await Promise.all(nested)).flat().sort()
}

/** State on one's own machine does not belong in a repository. npm leaves `.gitignore` out of packages, so it is written here. */
async function ignore(folder: string): Promise<void> {
  const file = join(folder, '.gitignore')
  const present = existsSync(file) ? await readFile(file, 'utf8') : ''
  const missing = ['.ha/', 'node_modules/', '.env'].filter((line) => !present.split('\n').includes(line))
  if (missing.length > 0)
    await writeFile(file, `${present && !present.endsWith('\n') ? `${present}\n` : present}${missing.join('\n')}\n`)
}

const list = (names: readonly string[]) =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
