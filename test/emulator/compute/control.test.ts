/** The two faces of the records: Pulumi's resources and the REST API. */
import {expect, test} from 'vitest'
import type {Props} from '../../../src/emulator/contract.ts'
import {backends, errorOf, idOf, patch, service, ZONES} from './web.ts'
import {type Bench, GCP, link, negPath, openBench, openEdge, PROJECT} from './world.ts'

/** Opens a bench with an edge of two zones and closes it afterwards. */
const withEdge = (title: string, run: (bench: Bench) => Promise<void>) =>
  test(title, async () => {
    const bench = await openBench({probe: async () => true})
    try {
      await openEdge(bench, {zones: ZONES})
      await run(bench)
    } finally {
      await bench.stop()
    }
  })

withEdge('ids, self links and numbers look like Google’s', async (bench) => {
  const outputs = (await bench.type(GCP.service).read(idOf('backendServices')))!
  expect(outputs).toMatchObject({
    name: 'web',
    selfLink: `https://www.googleapis.com/compute/v1/projects/${PROJECT}/global/backendServices/web`,
    generatedId: expect.any(Number),
    fingerprint: expect.stringMatching(/^[\w+/]{11}=$/),
    creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\+00:00$/),
  })
  expect(await service(bench)).toMatchObject({kind: 'compute#backendService', id: expect.stringMatching(/^\d+$/)})
})

withEdge('what is read back has every input as it was written', async (bench) => {
  const inputs = {
    name: 'second',
    project: PROJECT,
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    healthChecks: idOf('healthChecks'),
    backends: backends(undefined, 0.5),
  }
  const {id, outputs} = await bench.type(GCP.service).create(inputs)
  expect(outputs).toMatchObject(inputs)
  expect(outputs).toMatchObject({timeoutSec: 30, protocol: 'HTTP', connectionDrainingTimeoutSec: 300})
  expect(await bench.type(GCP.service).read(id)).toEqual(outputs)
  expect(await bench.type(GCP.service).update?.(id, outputs, inputs)).toEqual(outputs)
})

withEdge('a PATCH through REST is what a Pulumi refresh sees, and nothing else changes', async (bench) => {
  const before = (await bench.type(GCP.service).read(idOf('backendServices')))!
  const read = await service(bench)
  const changed = (read.backends as Props[]).map((one, at) => (at === 0 ? {...one, capacityScaler: 0} : one))
  expect((await patch(bench, {...read, backends: changed})).status).toBe(200)
  const after = (await bench.type(GCP.service).read(idOf('backendServices')))!
  expect(after).toEqual({
    ...before,
    fingerprint: after.fingerprint,
    backends: [{...backends(0)[0]}, backends(0, undefined)[1]],
  })
  expect(after.fingerprint).not.toBe(before.fingerprint)
})

withEdge('a stale fingerprint is a 412 on REST and in Pulumi', async (bench) => {
  const old = (await bench.type(GCP.service).read(idOf('backendServices')))!
  expect((await patch(bench, {timeoutSec: 40})).status).toBe(200)
  const stale = await bench.call('PATCH', '/global/backendServices/web', {timeoutSec: 50, fingerprint: old.fingerprint})
  expect(stale.status).toBe(412)
  expect(errorOf(stale.body)).toMatchObject({code: 412, errors: [{reason: 'conditionNotMet'}]})
  expect((await bench.call('PATCH', '/global/backendServices/web', {timeoutSec: 50})).status).toBe(412)
  await expect(bench.type(GCP.service).update!(idOf('backendServices'), old, old)).rejects.toThrow(
    /googleapi: Error 412: Invalid fingerprint\., conditionNotMet/,
  )
  const fresh = (await bench.type(GCP.service).read(idOf('backendServices')))!
  expect(await bench.type(GCP.service).update!(idOf('backendServices'), fresh, {...old, timeoutSec: 60})).toMatchObject(
    {timeoutSec: 60},
  )
})

withEdge('a fingerprint may come back in the URL-safe alphabet, as gcloud sends it', async (bench) => {
  let timeoutSec = 31
  while (!/[+/]/.test(String((await service(bench)).fingerprint))) await patch(bench, {timeoutSec: timeoutSec++})
  const fingerprint = String((await service(bench)).fingerprint)
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  expect((await patch(bench, {timeoutSec: 29, fingerprint})).status).toBe(200)
})

withEdge('what is in use cannot be deleted', async (bench) => {
  const denied: readonly [string, string][] = [
    ['/global/healthChecks/web', 'health_check'],
    ['/global/backendServices/web', 'backend_service'],
    ['/global/urlMaps/web', 'url_map'],
    ['/global/targetHttpProxies/web', 'target_http_proxy'],
    ['/zones/us-east1-b/networkEndpointGroups/web', 'network_endpoint_group'],
  ]
  for (const [path, noun] of denied) {
    const {status, body} = await bench.call('DELETE', path)
    expect(status).toBe(400)
    expect(errorOf(body).message).toMatch(new RegExp(`^The ${noun} resource '.*' is already being used by 'projects/`))
    expect(errorOf(body).errors[0]?.reason).toBe('resourceInUseByAnotherResource')
  }
  for (const token of [GCP.rule, GCP.httpProxy, GCP.urlMap, GCP.service, GCP.check]) {
    const [record] = bench.records.list(token)
    await bench.type(token).delete(record!.id, record!.outputs)
    expect(await bench.type(token).read(record!.id)).toBeUndefined()
  }
  expect((await bench.call('DELETE', '/zones/us-east1-b/networkEndpointGroups/web')).status).toBe(200)
  expect((await bench.call('GET', '/emulator/v1/edge')).body).toMatchObject({listeners: [], backends: []})
})

withEdge('an unknown name is a 404, a known one a 409', async (bench) => {
  const missing = await bench.call('GET', '/global/urlMaps/none')
  expect(missing.status).toBe(404)
  expect(errorOf(missing.body)).toMatchObject({
    code: 404,
    message: `The resource 'projects/${PROJECT}/global/urlMaps/none' was not found`,
    errors: [{reason: 'notFound', domain: 'global'}],
  })
  const twice = await bench.call('POST', '/zones/us-east1-b/networkEndpointGroups', {name: 'web'})
  expect([twice.status, errorOf(twice.body).errors[0]?.reason]).toEqual([409, 'alreadyExists'])
  await expect(bench.create(GCP.check, {name: 'web', tcpHealthCheck: {port: 1}})).rejects.toThrow(
    /Error creating HealthCheck: googleapi: Error 409/,
  )
})

withEdge('an operation is done when it is answered and can be waited for', async (bench) => {
  const {body} = await patch(bench, {timeoutSec: 31})
  expect(body).toMatchObject({
    kind: 'compute#operation',
    operationType: 'patch',
    status: 'DONE',
    targetLink: link(idOf('backendServices')),
  })
  expect((await bench.call('POST', `/global/operations/${body.name}/wait`, {})).body).toEqual(body)
  expect((await bench.call('GET', `/global/operations/${body.name}`)).body).toEqual(body)
  const zonal = (await bench.call('POST', '/zones/us-east1-b/networkEndpointGroups', {name: 'other'})).body
  expect((await bench.call('GET', `/zones/us-east1-b/operations/${zonal.name}`)).body).toEqual(zonal)
  expect((await bench.call('GET', '/global/operations/none')).status).toBe(404)
})

withEdge('endpoint groups are found by an aggregated list with a filter', async (bench) => {
  const {body} = await bench.call('GET', '/aggregated/networkEndpointGroups?filter=name%3Dweb')
  const zones = body.items as Record<string, {networkEndpointGroups: Props[]}>
  expect(Object.keys(zones).toSorted()).toEqual(['zones/europe-west1-b', 'zones/us-east1-b'])
  expect(zones['zones/us-east1-b']!.networkEndpointGroups[0]).toMatchObject({
    name: 'web',
    size: 0,
    selfLink: link(negPath('us-east1-b')),
  })
  expect((await bench.call('GET', '/aggregated/networkEndpointGroups?filter=name%3Dx')).body.items).toEqual({})
})

withEdge('attaching is idempotent and a detached endpoint is gone', async (bench) => {
  const at = '/zones/us-east1-b/networkEndpointGroups/web'
  const endpoints = (...ports: number[]) => ({networkEndpoints: ports.map((port) => ({ipAddress: '127.0.0.1', port}))})
  await bench.call('POST', `${at}/attachNetworkEndpoints`, endpoints(1, 2))
  await bench.call('POST', `${at}/attachNetworkEndpoints`, endpoints(2, 3))
  await bench.call('POST', `${at}/detachNetworkEndpoints`, endpoints(1))
  const listed = await bench.call('POST', `${at}/listNetworkEndpoints`, {healthStatus: 'SHOW'})
  const items = listed.body.items as {networkEndpoint: {port: number}; healths: Props[]}[]
  expect(items.map((item) => item.networkEndpoint.port)).toEqual([2, 3])
  expect(items[0]!.healths[0]).toMatchObject({backendService: {backendService: link(idOf('backendServices'))}})
})

withEdge('a batch answers each of its calls', async (bench) => {
  const part = (id: number, path: string) =>
    `--b\r\nContent-Type: application/http\r\nContent-ID: <${id}>\r\n\r\nGET /compute/v1/projects/${PROJECT}${path} HTTP/1.1\r\n\r\n`
  const payload = `${part(1, '/global/urlMaps/web')}${part(2, '/global/urlMaps/none')}--b--`
  const answer = await bench.rest.inject({
    method: 'POST',
    url: '/batch/compute/v1',
    payload,
    headers: {'content-type': 'multipart/mixed; boundary="b"'},
  })
  expect(answer.payload).toMatch(
    /Content-ID: <response-1>\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*"name":"web"[\s\S]*<response-2>\r\n\r\nHTTP\/1\.1 404/,
  )
})

withEdge('a URL map whose own test fails is refused', async (bench) => {
  const inputs = {
    name: 'tested',
    defaultService: idOf('backendServices'),
    tests: [{host: 'x.y', path: '/', service: 'global/backendServices/other'}],
  }
  await bench.create(GCP.service, {name: 'other'})
  await expect(bench.create(GCP.urlMap, inputs)).rejects.toThrow(/Expected service 'other', got 'web'/)
  await bench.create(GCP.urlMap, {...inputs, tests: [{host: 'x.y', path: '/', service: idOf('backendServices')}]})
})

withEdge('an address in use says by whom and cannot be deleted', async (bench) => {
  const address = await bench.create(GCP.address, {name: 'front'})
  expect(address.outputs.address).toMatch(/^(203\.0\.113|198\.51\.100)\.\d+$/)
  const rule = {
    name: 'second',
    target: idOf('targetHttpProxies'),
    portRange: '8080',
    ipAddress: address.outputs.selfLink,
  }
  await bench.create(GCP.rule, rule)
  const view = (await bench.call('GET', '/global/addresses/front')).body
  expect(view).toMatchObject({status: 'IN_USE', users: [link(`projects/${PROJECT}/global/forwardingRules/second`)]})
  await expect(bench.type(GCP.address).delete(address.id, address.outputs)).rejects.toThrow(
    /resourceInUseByAnotherResource/,
  )
})

test('a policy without rules gets Google’s default rule', async () => {
  const bench = await openBench()
  try {
    const {outputs} = await bench.create(GCP.policy, {name: 'open'})
    expect(outputs.rules).toMatchObject([{action: 'allow', priority: 2147483647}])
  } finally {
    await bench.stop()
  }
})
