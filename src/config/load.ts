/** Finding and reading ha.yaml: the only file of this room that touches the disk. */
import {existsSync, readFileSync, statSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import {HaError} from '../errors.ts'
import type {Config} from './config.ts'
import {parseConfig} from './parse.ts'
import type {Problem} from './problems.ts'

export const CONFIG_FILE = 'ha.yaml'

export interface LoadOptions {
  /** Path as given; without it ha.yaml is searched upwards from `cwd`. */
  readonly file?: string
  /** Absolute. */
  readonly cwd: string
  /** The file's first environment by default. */
  readonly environment?: string
  /** `--set`: settings for this run, each `PATH=VALUE`. */
  readonly overrides?: readonly string[]
}

export interface LoadedConfig {
  readonly config: Config
  /** Absolute path of the file. */
  readonly file: string
  /** The file's text, for hashes and for showing lines of it. */
  readonly text: string
}

/** Absolute path of the nearest ha.yaml in `start` or a folder above it. */
export function findConfigFile(start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const file = join(folder, CONFIG_FILE)
    if (existsSync(file) && statSync(file).isFile()) return file
    if (folder === dirname(folder)) return undefined
  }
}

/**
 * The configuration of one environment.
 * @throws HaError CONFIG_NOT_FOUND when there is no such file or it cannot be read; CONFIG_INVALID with `data.problems`
 * (Problem[]) when anything in it is wrong, USAGE with the same when it is only what the overrides make of it.
 */
export const loadConfig = (options: LoadOptions): Config => loadConfigFile(options).config

/** The same with the file it came from. */
export function loadConfigFile({file: given, cwd, environment, overrides}: LoadOptions): LoadedConfig {
  const file = given === undefined ? findConfigFile(cwd) : resolve(cwd, given)
  if (file === undefined) {
    throw new HaError('CONFIG_NOT_FOUND', `There is no ${CONFIG_FILE} in ${cwd} or any folder above it.`, {
      next: ['ha init', 'Or name the file: --file PATH'],
    })
  }
  const text = read(file)
  const shown = relative(cwd, file)
  const parsed = parseConfig(text, {
    file: shown.startsWith('..') ? file : shown,
    baseDir: dirname(file),
    ...(environment !== undefined && {environment}),
    ...(overrides !== undefined && {overrides}),
  })
  if ('config' in parsed) return {config: parsed.config, file, text}
  throw invalid(parsed.problems)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why =
      {ENOENT: 'There is no such file', EISDIR: 'It is a folder', EACCES: 'It may not be read'}[code ?? ''] ??
      String(error)
    throw new HaError('CONFIG_NOT_FOUND', `${why}: ${file}`, {
      cause: error,
      next: ['Name an ha.yaml: --file PATH', 'ha init'],
    })
  }
}

function invalid(problems: readonly Problem[]): HaError {
  if (problems.every(({file}) => file.startsWith('--'))) {
    return new HaError('USAGE', 'What --set gives does not fit.', {
      data: {problems},
      next: ['Correct the flag and run it again; ha.yaml itself is in order.'],
    })
  }
  const first = problems.find(({file}) => !file.startsWith('--'))
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new HaError('CONFIG_INVALID', `${first?.file ?? CONFIG_FILE} has ${count}.`, {
    data: {problems},
    next: ['Correct it and check it again: ha validate'],
  })
}
