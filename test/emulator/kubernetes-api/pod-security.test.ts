import {describe, expect, test} from 'vitest'
import {startCluster} from './cluster.ts'
import {LOOSE, strict} from './loose-pods.ts'

const PREFIX = 'pod-security.kubernetes.io'
const NAMESPACES = '/api/v1/namespaces'
const PODS = `${NAMESPACES}/shop/pods`
const DEPLOYMENTS = '/apis/apps/v1/namespaces/shop/deployments'

/** A cluster with the namespace `shop`, labelled so. */
async function shop(labels: Record<string, string>) {
  const cluster = await startCluster()
  const own = Object.fromEntries(Object.entries(labels).map(([mode, level]) => [`${PREFIX}/${mode}`, level]))
  await cluster.call('POST', NAMESPACES, {metadata: {name: 'shop', labels: own}})
  return cluster
}

const pod = (spec: object, name = 'api') => ({metadata: {name}, spec})
const deployment = (spec: object) => ({
  metadata: {name: 'api'},
  spec: {selector: {matchLabels: {app: 'api'}}, template: {metadata: {labels: {app: 'api'}}, spec}},
})
const bare = {containers: [{name: 'main', image: 'shop/api:1'}]}

describe('a pod below the standard of its namespace is refused, and told why', () => {
  test.each(Object.entries(LOOSE))('%s', async (_, [spec, why]) => {
    await using cluster = await shop({enforce: 'restricted'})
    const {status, body} = await cluster.call('POST', PODS, pod(spec))
    expect(body.message).toBe(`pods "api" is forbidden: violates PodSecurity "restricted:latest": ${why}`)
    expect({status, reason: body.reason}).toEqual({status: 403, reason: 'Forbidden'})
    expect((await cluster.call('GET', PODS)).body.items).toEqual([])
  })

  test('a strict pod is taken, without a word', async () => {
    await using cluster = await shop({enforce: 'restricted', warn: 'restricted'})
    const {status, headers} = await cluster.call('POST', PODS, pod({containers: [strict()]}))
    expect({status, warning: headers.get('warning')}).toEqual({status: 201, warning: null})
  })

  test('the baseline takes what is not dangerous', async () => {
    await using cluster = await shop({enforce: 'baseline', 'enforce-version': 'v1.34'})
    expect((await cluster.call('POST', PODS, pod(bare))).status).toBe(201)
    const volumes = [{name: 'root', hostPath: {path: '/'}}]
    const {body} = await cluster.call('POST', PODS, pod({...bare, volumes}, 'rooted'))
    expect(body.message).toContain('violates PodSecurity "baseline:v1.34": hostPath volumes (volume "root")')
  })

  test('a namespace without labels takes anything', async () => {
    await using cluster = await shop({})
    const {status, headers} = await cluster.call('POST', PODS, pod({...bare, hostNetwork: true}))
    expect({status, warning: headers.get('warning')}).toEqual({status: 201, warning: null})
  })
})

describe('what would make a pod below the standard is taken with a warning', () => {
  test.each([
    ['as the namespace says', {enforce: 'baseline', warn: 'restricted'}],
    ['as it enforces, when it says nothing of warnings', {enforce: 'restricted'}],
  ])('%s', async (_, labels) => {
    await using cluster = await shop(labels)
    const {status, headers} = await cluster.call('POST', DEPLOYMENTS, deployment(bare))
    expect(status).toBe(201)
    const [, why] = LOOSE['a pod that says nothing']!
    expect(headers.get('warning')).toBe(
      `299 - ${JSON.stringify(`would violate PodSecurity "restricted:latest": ${why}`)}`,
    )
  })

  test('none for a change of its size alone', async () => {
    await using cluster = await shop({enforce: 'restricted'})
    await cluster.call('POST', DEPLOYMENTS, deployment(bare))
    const scaled = await cluster.call(
      'PATCH',
      `${DEPLOYMENTS}/api/scale`,
      {spec: {replicas: 2}},
      {
        'content-type': 'application/merge-patch+json',
      },
    )
    expect({status: scaled.status, warning: scaled.headers.get('warning')}).toEqual({status: 200, warning: null})
  })
})

test.each([
  ['enforce', 'strict', 'must be one of privileged, baseline, restricted'],
  ['warn-version', '1.34', 'must be "latest" or "v1.x"'],
])('a namespace that says %s: %s is invalid', async (mode, value, why) => {
  await using cluster = await startCluster()
  const labels = {[`${PREFIX}/${mode}`]: value}
  const {status, body} = await cluster.call('POST', NAMESPACES, {metadata: {name: 'shop', labels}})
  expect(body.message).toContain(`metadata.labels[${PREFIX}/${mode}]: Invalid value: "${value}": ${why}`)
  expect(status).toBe(422)
})
