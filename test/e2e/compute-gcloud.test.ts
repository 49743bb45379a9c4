/** Google's own command line against the emulated load balancer, its endpoint overridden. */
import {execFile, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'
import {type Bench, freePort, openBench, openEdge, PROJECT} from '../emulator/compute/world.ts'

const run = promisify(execFile)
const gcloudMissing = spawnSync('gcloud', ['--version'], {stdio: 'ignore'}).status !== 0

/** `gcloud compute …`; resolves with what it prints. */
async function open(): Promise<{
  bench: Bench
  gcloud(...args: readonly string[]): Promise<string>
  close(): Promise<void>
}> {
  const bench = await openBench({probe: async () => true})
  const port = await freePort()
  await bench.rest.listen({port, host: '127.0.0.1'})
  const config = mkdtempSync(join(tmpdir(), 'ha-gcloud-'))
  const env = {
    ...process.env,
    CLOUDSDK_CONFIG: config,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `http://127.0.0.1:${port}/compute/v1/`,
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_CORE_PROJECT: PROJECT,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
  }
  return {
    bench,
    gcloud: async (...args) => (await run('gcloud', ['compute', ...args], {env, timeout: 60_000})).stdout.trim(),
    close: async () => {
      await bench.stop()
      rmSync(config, {recursive: true, force: true})
    },
  }
}

test('gcloud lists, describes and drains backend services', {timeout: 120_000}, async ({skip}) => {
  skip(gcloudMissing, 'gcloud is not installed on this machine')
  const {bench, gcloud, close} = await open()
  try {
    await openEdge(bench, {zones: {'us-east1-b': [18001], 'europe-west1-b': [18002]}})
    expect(await gcloud('backend-services', 'list', '--format=value(name,protocol)')).toBe('web\tHTTP')
    const {backends, fingerprint} = JSON.parse(
      await gcloud('backend-services', 'describe', 'web', '--global', '--format=json'),
    )
    expect(fingerprint).toMatch(/=$/)
    expect(backends).toMatchObject([{balancingMode: 'RATE', capacityScaler: 1}, {capacityScaler: 1}])
    const health = await gcloud(
      'backend-services',
      'get-health',
      'web',
      '--global',
      '--format=value(status.healthStatus[].healthState)',
    )
    expect(health.split('\n')).toEqual(['HEALTHY', 'HEALTHY'])
    const negs = await gcloud('network-endpoint-groups', 'list', '--format=value(name,zone.basename(),size)')
    expect(negs.split('\n').toSorted()).toEqual(['web\teurope-west1-b\t1', 'web\tus-east1-b\t1'])
    const drain = (zone: string, to = 0) =>
      gcloud(
        'backend-services',
        'update-backend',
        'web',
        '--global',
        '--network-endpoint-group=web',
        `--network-endpoint-group-zone=${zone}`,
        `--capacity-scaler=${to}`,
      )
    await drain('us-east1-b')
    const {body} = await bench.call('GET', '/global/backendServices/web')
    expect(body.backends).toMatchObject([{capacityScaler: 0}, {capacityScaler: 1}])
    await expect(drain('europe-west1-b')).rejects.toThrow(/sum of capacityScaler/)
    await drain('us-east1-b', 0.5)
    expect((await bench.call('GET', '/global/backendServices/web')).body.backends).toMatchObject([
      {capacityScaler: 0.5},
      {capacityScaler: 1},
    ])
    await expect(drain('europe-west1-c')).rejects.toThrow(/No backend with name/)
  } finally {
    await close()
  }
})
