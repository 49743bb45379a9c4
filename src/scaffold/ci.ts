/** What `ha init --ci` writes: a pipeline for the project's own environment, from the templates in `templates/.ci`. */
import {existsSync} from 'node:fs'
import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {loadConfigFile} from '../config/load.ts'
import {HaError} from '../errors.ts'
import {templatesFolder} from './scaffold.ts'

export const PIPELINES = ['github', 'gitlab', 'cloudbuild'] as const
export type Pipeline = (typeof PIPELINES)[number]

const FILES: Readonly<Record<Pipeline, {readonly template: string; readonly path: string}>> = {
  github: {template: 'github.yml', path: '.github/workflows/ha.yml'},
  gitlab: {template: 'gitlab.yml', path: '.gitlab-ci.yml'},
  cloudbuild: {template: 'cloudbuild.yaml', path: 'cloudbuild.yaml'},
}

export interface PipelineRequest {
  readonly pipeline: Pipeline
  /** Of ha.yaml. */
  readonly folder: string
  readonly file?: string | undefined
  /** Deployed by the pipeline; it must run on Google Cloud. */
  readonly environment: string
  readonly branch: string
  readonly force: boolean
}

/**
 * Writes the pipeline and returns its path, relative to the folder.
 * @throws HaError DESTINATION_EXISTS (unless `force`), USAGE (not an environment on Google Cloud), CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export async function writePipeline(request: PipelineRequest): Promise<string> {
  const {pipeline, folder, environment, branch, force} = request
  const {config} = loadConfigFile({cwd: folder, environment, ...(request.file !== undefined && {file: request.file})})
  if (config.target !== 'gcp') {
    throw new HaError('USAGE', `${environment} runs on this machine; a pipeline deploys to Google Cloud.`, {
      next: ['Name an environment whose target is gcp: ha init --ci github -e production'],
    })
  }
  const {template, path} = FILES[pipeline]
  const to = join(folder, path)
  if (existsSync(to) && !force) {
    throw new HaError('DESTINATION_EXISTS', `${path} is already there. Nothing was written.`, {
      next: ['Add --force to overwrite it.'],
    })
  }
  const text = await readFile(join(templatesFolder(), '.ci', template), 'utf8')
  await mkdir(dirname(to), {recursive: true})
  await writeFile(to, pipelineText(text, environment, branch))
  return path
}

/** The template for one environment and branch. Pure. */
export const pipelineText = (template: string, environment: string, branch: string): string =>
  template.replaceAll('@ENVIRONMENT@', environment).replaceAll('@BRANCH@', branch)
