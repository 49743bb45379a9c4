/** What `ha init --ci` writes: a pipeline for the project's own environment, from the templates in `templates/.ci`. */
import {existsSync} from 'node:fs'
import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {deployerRoleFile} from '../cloud/deployer/role.ts'
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

/** What the account that deploys may do. */
const ROLE_FILE = 'deployer-role.yaml'

/**
 * Writes the pipeline and the role of who deploys, and returns their paths, relative to the folder.
 * @throws HaError DESTINATION_EXISTS (unless `force`), USAGE (not an environment on Google Cloud), CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export async function writePipeline(request: PipelineRequest): Promise<readonly string[]> {
  const {pipeline, folder, environment, branch, force} = request
  const {config} = loadConfigFile({cwd: folder, environment, ...(request.file !== undefined && {file: request.file})})
  if (config.target !== 'gcp') {
    throw new HaError('USAGE', `${environment} runs on this machine; a pipeline deploys to Google Cloud.`, {
      next: ['Name an environment whose target is gcp: ha init --ci github -e production'],
    })
  }
  const {template, path} = FILES[pipeline]
  if (existsSync(join(folder, path)) && !force) {
    throw new HaError('DESTINATION_EXISTS', `${path} is already there. Nothing was written.`, {
      next: ['Add --force to overwrite it.'],
    })
  }
  const text = await readFile(join(templatesFolder(), '.ci', template), 'utf8')
  const files = {[path]: pipelineText(text, environment, branch), [ROLE_FILE]: deployerRoleFile(config.project)}
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), {recursive: true})
    await writeFile(join(folder, file), content)
  }
  return Object.keys(files)
}

/** The template for one environment and branch. Pure. */
export const pipelineText = (template: string, environment: string, branch: string): string =>
  template.replaceAll('@ENVIRONMENT@', environment).replaceAll('@BRANCH@', branch)
