import {expect, test} from 'vitest'
import type {Json} from '../../../src/emulator/kubernetes/api/objects.ts'
import {type Cluster, CONFIG_MAPS, configMap, PODS, pod, startCluster} from './cluster.ts'

/** Reads events until `wanted` have come. */
async function watched(
  cluster: Cluster,
  path: string,
  wanted: number,
  meanwhile = async () => {},
  headers = {},
): Promise<Json[]> {
  const left = new AbortController()
  const signal = AbortSignal.any([left.signal, AbortSignal.timeout(5_000)])
  const answer = await fetch(cluster.url + path, {signal, headers})
  if (answer.status !== 200) return [await answer.json()]
  await meanwhile()
  const events: Json[] = []
  let rest = ''
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    events.push(...lines.map((line) => JSON.parse(line)))
    if (events.length >= wanted) break
  }
  left.abort()
  return events
}

const brief = (events: Json[]) => events.map(({type, object}) => `${type} ${object.metadata.name ?? ''}`.trim())

test('a watch without a version begins with everything there is', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', CONFIG_MAPS, configMap('a'))
  const events = await watched(cluster, `${CONFIG_MAPS}?watch=true`, 3, async () => {
    await cluster.call('POST', CONFIG_MAPS, configMap('b'))
    await cluster.call('DELETE', `${CONFIG_MAPS}/a`)
  })
  expect(brief(events)).toEqual(['ADDED a', 'ADDED b', 'DELETED a'])
})

test('a watch from a version tells what came after it', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', CONFIG_MAPS, configMap('a'))
  const {body} = await cluster.call('GET', CONFIG_MAPS)
  await cluster.call('POST', CONFIG_MAPS, configMap('b'))
  const events = await watched(cluster, `${CONFIG_MAPS}?watch=1&resourceVersion=${body.metadata.resourceVersion}`, 1)
  expect(brief(events)).toEqual(['ADDED b'])
})

test('a version from too long ago is gone', async () => {
  await using cluster = await startCluster()
  const [status] = await watched(cluster, `${CONFIG_MAPS}?watch=1&resourceVersion=5`, 1)
  expect(status).toMatchObject({kind: 'Status', code: 410, reason: 'Expired'})
})

test('an object that comes to match a selector is added, one that ceases to is deleted', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', PODS, pod('p'))
  const label = (app: string) =>
    cluster.call('PATCH', `${PODS}/p`, {metadata: {labels: {app}}}, {'content-type': 'application/merge-patch+json'})
  const events = await watched(
    cluster,
    `${PODS}?watch=1&resourceVersion=${cluster.store.resourceVersion}&labelSelector=app=q`,
    2,
    async () => {
      await label('q')
      await label('r')
    },
  )
  expect(brief(events)).toEqual(['ADDED p', 'DELETED p'])
})

test('initial events end with a bookmark that says so', async () => {
  await using cluster = await startCluster()
  await cluster.call('POST', CONFIG_MAPS, configMap('a'))
  const query = 'watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan'
  const events = await watched(cluster, `${CONFIG_MAPS}?${query}`, 2)
  expect(brief(events)).toEqual(['ADDED a', 'BOOKMARK'])
  expect(events[1].object.metadata.annotations).toEqual({'k8s.io/initial-events-end': 'true'})
})

test('a watch of tables says its columns once', async () => {
  await using cluster = await startCluster()
  for (const name of ['a', 'b']) await cluster.call('POST', CONFIG_MAPS, configMap(name))
  const headers = {accept: 'application/json;as=Table;v=v1;g=meta.k8s.io'}
  const events = await watched(cluster, `${CONFIG_MAPS}?watch=1`, 2, async () => {}, headers)
  expect(events.map(({object}) => [object.kind, object.columnDefinitions?.length, object.rows[0].cells[0]])).toEqual([
    ['Table', 3, 'a'],
    ['Table', undefined, 'b'],
  ])
})

test('a watch ends after its timeout', async () => {
  await using cluster = await startCluster()
  expect(await watched(cluster, `${CONFIG_MAPS}?watch=1&timeoutSeconds=1`, 99)).toEqual([])
})
