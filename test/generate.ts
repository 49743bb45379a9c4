/** Makes the committed files that are generated from others; `npm run generate`. test/fresh.test.ts proves them fresh. */
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {Plugin} from '@oclif/core'
import {PROBLEM_CODES} from '../src/config/problems.ts'
import {ERROR_CODES} from '../src/errors.ts'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Every generated file's path from the root, and its text as it must be. */
export async function generated(): Promise<Readonly<Record<string, string>>> {
  const plugin = await commands()
  return {
    'oclif.manifest.json': manifest(plugin),
    'docs/errors.md': errorsPage(),
    'README.md': readme(readFileSync(join(ROOT, 'README.md'), 'utf8'), plugin),
  }
}

async function commands(): Promise<Plugin> {
  const pjson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const plugin = new Plugin({
    root: ROOT,
    type: 'core',
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
    pjson: {...pjson, oclif: {...pjson.oclif, commands: {strategy: 'pattern', target: './src/commands'}}},
  })
  await plugin.load()
  return plugin
}

/** oclif.manifest.json: what `--help` and command lookup read instead of loading every command. */
function manifest(plugin: Plugin): string {
  // Found in the order in which folders happened to be read.
  const commands = Object.entries(plugin.manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify({...plugin.manifest, commands: Object.fromEntries(commands)}, undefined, 2)
  // Loaded from the sources, run from what is built of them.
  const built = {'"src",\n': '"dist",\n        "src",\n', '.ts"': '.cjs"', '"isESM": true': '"isESM": false'}
  return `${Object.entries(built).reduce((all, [from, to]) => all.replaceAll(from, to), text)}\n`
}

/** What each exit code means; those of ERROR_CODES must be among them. */
export const EXITS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed',
  2: '`plan --detailed-exitcode` found changes',
  3: 'declined',
  18: 'the operation failed or was not begun; nothing changed',
  22: 'the operation is unfinished, or a region did not answer and was left as it is; the service is up',
  64: 'wrong usage, or an answer is needed and there is no terminal',
  65: 'ha.yaml is invalid or missing',
  69: 'something needed is missing or out of reach: `ha doctor`',
  70: 'a mistake of ha itself',
  75: 'another run holds the lock: `ha lock`',
  130: 'interrupted',
}

const MOVES = {
  you: 'yours',
  machine: 'the machine’s',
  engine: 'the engine’s',
  cloud: 'the cloud’s',
  ha: 'ours',
} as const

function errorsPage(): string {
  const errors = Object.entries(ERROR_CODES).map(([code, {exit, blame, means}]) => [
    `\`${code}\``,
    String(exit),
    MOVES[blame],
    means,
  ])
  const problems = Object.entries(PROBLEM_CODES).map(([code, means]) => [`\`${code}\``, means])
  return [
    '# Errors',
    '',
    'Made by `npm run generate` from `src/errors.ts` and `src/config/problems.ts`. Codes are stable; wording is not.',
    'Every error says what happened and what to type next; with `--json` it is an `error.raised` event.',
    '',
    ...table(['Code', 'Exit', 'Whose move', 'What happened'], errors),
    '',
    '## Problems of ha.yaml',
    '',
    'All at once, each with file:line:column, under `CONFIG_INVALID` (or `USAGE`, when `--set` alone is wrong).',
    '',
    ...table(['Code', 'What is wrong'], problems),
    '',
  ].join('\n')
}

/** The README with the parts between its markers made anew. */
function readme(text: string, plugin: Plugin): string {
  const summaries = plugin.commands
    .filter(({hidden}) => !hidden)
    .map(({id, summary}) => [`\`ha ${id.replaceAll(':', ' ')}\``, summary ?? ''])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const exits = Object.entries(EXITS).map(([code, meaning]) => [code, meaning])
  return between(
    between(text, 'commands', table(['Command', 'What it does'], summaries)),
    'exits',
    table(['Exit', 'Meaning'], exits),
  )
}

function between(text: string, name: string, lines: readonly string[]): string {
  const [open, close] = [`<!-- ${name}: npm run generate -->`, `<!-- /${name} -->`]
  const [start, end] = [text.indexOf(open), text.indexOf(close)]
  if (start === -1 || end === -1) throw new Error(`README.md has no ${open} … ${close}.`)
  return `${text.slice(0, start)}${open}\n\n${lines.join('\n')}\n\n${text.slice(end)}`
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generated())) writeFileSync(join(ROOT, path), text)
  // Only here: the graphs need Pulumi, which takes a while. test/policy/golden.test.ts proves them fresh.
  await (await import('./policy/golden.ts')).writeGolden()
}
