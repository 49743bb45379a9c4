import {execFileSync} from 'node:child_process'
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {parse} from 'yaml'
import {PIPELINES, type Pipeline, writePipeline} from '../../src/scaffold/ci.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ha-ci-'))
  const template = fileURLToPath(new URL('../../templates/rental/ha.yaml', import.meta.url))
  writeFileSync(join(dir, 'ha.yaml'), readFileSync(template))
})
afterEach(() => rmSync(dir, {recursive: true, force: true}))

const write = async (pipeline: Pipeline, more = {}) => {
  const [path] = await writePipeline({
    pipeline,
    folder: dir,
    environment: 'production',
    branch: 'main',
    force: false,
    ...more,
  })
  return readFileSync(join(dir, path!), 'utf8')
}

interface Job {
  readonly if?: string
  readonly needs?: string
  readonly environment?: string
  readonly permissions?: Record<string, string>
  readonly steps: readonly {readonly uses?: string; readonly run?: string}[]
}

test.each(PIPELINES)(
  '%s: it is YAML without a placeholder left, holds no key and deploys only a saved plan',
  async (pipeline) => {
    const text = await write(pipeline)
    expect(parse(text)).toBeTypeOf('object')
    expect(text).not.toMatch(/@[A-Z]+@/)
    expect(text).not.toMatch(/credentials_json|private_key|service_account_key/)
    const deploys = text.split('\n').filter((line) => /\bha deploy\b/.test(line))
    expect(deploys).toHaveLength(1)
    expect(deploys[0]).toContain('--plan')
  },
)

test('github: a pull request plans and never deploys; the deploy waits for the environment and has the merged plan', async () => {
  const {on, jobs} = parse(await write('github')) as {on: object; jobs: Record<string, Job>}
  expect(Object.keys(on)).toEqual(['pull_request', 'push'])
  expect(jobs.deploy).toMatchObject({if: "github.event_name == 'push'", needs: 'plan', environment: 'production'})
  expect(jobs.plan!.if).toContain('head.repo.full_name == github.repository')
  expect(jobs.validate!.permissions).toBeUndefined()
  expect(jobs.deploy!.permissions).toEqual({contents: 'read', 'id-token': 'write'})
})

test('github: every action is pinned to a version', async () => {
  const {jobs} = parse(await write('github')) as {jobs: Record<string, Job>}
  const uses = Object.values(jobs).flatMap(({steps}) => steps.flatMap((step) => step.uses ?? []))
  expect(uses.length).toBeGreaterThan(5)
  expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@v\d+/.test(action))).toEqual([])
})

test('github: what an outsider can write never becomes part of a script', async () => {
  const {jobs} = parse(await write('github')) as {jobs: Record<string, Job>}
  const scripts = Object.values(jobs).flatMap(({steps}) => steps.flatMap((step) => step.run ?? []))
  expect(scripts.filter((script) => script.includes('${{'))).toEqual([])
})

test('gitlab: a merge request plans and never deploys; deploys wait for a person and for each other', async () => {
  const jobs = parse(await write('gitlab', {branch: 'release'})) as Record<string, Record<string, unknown>>
  expect(jobs.deploy!.rules).toEqual([{if: '$CI_COMMIT_BRANCH == "release"', when: 'manual'}])
  expect(jobs.deploy).toMatchObject({resource_group: 'ha-production', environment: {name: 'production'}})
})

test('a pipeline that is there is not overwritten unless asked', async () => {
  await write('gitlab')
  await expect(write('gitlab')).rejects.toMatchObject({code: 'DESTINATION_EXISTS'})
  expect(await write('gitlab', {force: true})).toContain('ha deploy')
})

/** The lines that deploy, run in a repository whose last commit has this message; what `ha` would have been given. */
function deployWith(script: string, message: string, env: Record<string, string> = {}): string {
  const [repository, bin] = [join(dir, 'repository'), join(dir, 'bin')]
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args])
  execFileSync('git', ['init', '-q', repository])
  git('commit', '-q', '--allow-empty', '-m', message)
  mkdirSync(bin)
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nprintf '[%s]' "$@"\n`, {mode: 0o755})
  const lines = script.split('\n')
  const own = lines.slice(
    lines.findIndex((line) => line.includes('set -f --')),
    lines.findLastIndex((line) => line.includes('ha deploy')) + 1,
  )
  const options = {
    cwd: repository,
    encoding: 'utf8',
    env: {...process.env, PATH: `${bin}:${process.env.PATH}`, ...env},
  } as const
  return execFileSync('bash', ['--norc', '-euo', 'pipefail', '-c', own.join('\n')], options)
}

const MESSAGE = 'Save money\n\nWe know.\n\nAccept-Downgrade: regions\nAccept-Downgrade: $(touch x);*\n'

test.each(['github', 'gitlab'] as const)(
  '%s: consent to a downgrade is what the merged commit names, and nothing of it is run',
  async (pipeline) => {
    const script = await write(pipeline)
    expect(deployWith(script, MESSAGE)).toMatch(
      /\[--lock-timeout\]\[10m\]\[--accept-downgrade\]\[regions\]\[--accept-downgrade\]\[\$\(touch\]\[--accept-downgrade\]\[x\);\*\]$/,
    )
    expect(existsSync(join(dir, 'repository', 'x'))).toBe(false)
  },
)

test.each(PIPELINES)('%s: without a word nothing is consented to', async (pipeline) => {
  expect(deployWith(await write(pipeline), 'Change it', {ACCEPT_DOWNGRADE: ''})).toMatch(/\[--lock-timeout\]\[10m\]$/)
})

test('cloudbuild: consent to a downgrade is given with one run, by name', async () => {
  const said = deployWith(await write('cloudbuild'), 'Change it', {ACCEPT_DOWNGRADE: 'regions zones'})
  expect(said).toMatch(/\[--accept-downgrade\]\[regions\]\[--accept-downgrade\]\[zones\]$/)
})

test('with the pipeline comes the role of who deploys, for its project', async () => {
  await write('github')
  const role = readFileSync(join(dir, 'deployer-role.yaml'), 'utf8')
  const permissions = expect.arrayContaining(['container.deployments.update'])
  expect(parse(role)).toMatchObject({title: 'ha deployer', includedPermissions: permissions})
  expect(role).toContain('gcloud iam roles create haDeployer --project=rental-prod --file=deployer-role.yaml')
})

test('an environment of this machine has no pipeline', async () => {
  await expect(write('github', {environment: 'local'})).rejects.toMatchObject({code: 'USAGE'})
})
