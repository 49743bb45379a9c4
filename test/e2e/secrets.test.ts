/** A secret's value, marked, and everything ha and its engine leave on disk or say about the environment it is deployed to. */
import {randomBytes} from 'node:crypto'
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join, relative} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type FakeGcs, startGcs} from '../fakes/gcs.ts'
import {type Ended, openPlatform, type Platform, withoutPlatform} from './platform.ts'

const platformTest = test.skipIf(withoutPlatform)
const MARK = `marked-${randomBytes(12).toString('hex')}`
/** Also as Kubernetes and Pulumi would write it. */
const FORMS = [MARK, Buffer.from(MARK).toString('base64').replace(/=+$/, '')]
/** Where it belongs: what the person wrote, what stands for Secret Manager, what stands for a cluster's encrypted etcd. */
const VAULTS = [/^\.env$/, /emulator\/secretmanager\//, /emulator\/regions\/[^/]+\/kubernetes\/objects/]

const holds = (text: string) => FORMS.some((form) => text.includes(form))

describe.each(['on this machine', 'in a bucket'] as const)('state %s', (where) => {
  let platform: Platform
  let gcs: FakeGcs
  let variables: NodeJS.ProcessEnv
  const said: Ended[] = []
  beforeAll(async () => {
    gcs = await startGcs([])
    const state = where === 'in a bucket' ? '    target: local\n    state: gs://marked/ha\n' : '    target: local\n'
    // The engine's client of Cloud Storage takes this for where it is, as ha does.
    variables =
      where === 'in a bucket'
        ? {
            STORAGE_EMULATOR_HOST: new URL(gcs.base).host,
            HA_PASSPHRASE: 'correct horse',
            GOOGLE_OAUTH_ACCESS_TOKEN: 'none asks for it',
          }
        : {}
    platform = openPlatform('minimal', (text) => `${text.replace('    target: local\n', state)}secrets: [STRIPE_KEY]\n`)
    writeFileSync(join(platform.dir, '.env'), `STRIPE_KEY=${MARK}\n`)
  })
  afterAll(async () => {
    await platform?.remove()
    await gcs?.close()
  })

  const ha = async (...args: string[]) => {
    const ended = await platform.under(variables, ...args)
    said.push(ended)
    return ended
  }

  const objects = () =>
    [...gcs.buckets].flatMap(([bucket, it]) =>
      [...it.objects].map(([name, {body}]) => ({name: `gs://${bucket}/${name}`, text: body.toString('latin1')})),
    )

  /** Files below the environment's folder, and objects, in which the value stands, in whatever form. */
  const found = () => [
    ...readdirSync(platform.dir, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => holds(readFileSync(path, 'latin1')))
      .map((path) => relative(platform.dir, path)),
    ...objects()
      .filter(({text}) => holds(text))
      .map(({name}) => name),
  ]

  platformTest('the value reaches the app, through the vault', async () => {
    expect((await ha('plan', '--out', 'first.json')).code).toBe(0)
    expect(await ha('deploy', '--yes', '--verbose')).toMatchObject({code: 0})
    const apps = platform.processes().filter(({command}) => command.includes('src/api.js'))
    expect(apps.length).toBeGreaterThan(0)
    for (const app of apps) expect(app.variable('STRIPE_KEY')).toBe(MARK)
    for (const vault of VAULTS)
      expect(found().filter((path) => vault.test(path)).length, String(vault)).toBeGreaterThan(0)
  })

  platformTest('no state, plan, record, log or history holds it, whatever was run', async () => {
    platform.edit((text) => text.replace('min: 2, max: 10', 'min: 3, max: 10'))
    await ha('plan', '--out', 'second.json', '--markdown', 'plan.md', '--json', '--verbose')
    await ha('plan', '--refresh', '--json', '--verbose')
    expect(await ha('deploy', '--yes', '--json', '--verbose')).toMatchObject({code: 0})
    await ha('deploy', '--yes', '--set', 'services.api.local.command=node missing.js', '--only', 'no-such-stack')
    const outside = found().filter((path) => !VAULTS.some((vault) => vault.test(path)))
    expect(outside).toEqual([])
    // Else there would have been nothing to look through.
    const states = objects().filter(({name}) => /\.pulumi\/stacks\/.*\.json$/.test(name))
    expect(states.length > 5).toBe(where === 'in a bucket')
  })

  platformTest('no command says it, on either stream', async () => {
    for (const args of [['status', '--json'], ['runs', '--json'], ['logs', 'api'], ['graph'], ['validate']])
      await ha(...args)
    for (const {stdout, stderr} of said) expect(holds(`${stdout}${stderr}`)).toBe(false)
  })
})
