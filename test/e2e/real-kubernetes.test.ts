/**
 * Everything a platform puts into Kubernetes, given to a real API server. Needs two binaries, by their paths:
 * HA_TEST_APISERVER=…/kube-apiserver HA_TEST_ETCD=…/etcd npx vitest run --config vitest.e2e.config.ts test/e2e/real-kubernetes.test.ts
 */
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {LOOSE} from '../emulator/kubernetes-api/loose-pods.ts'
import {configOf, PRESETS, TEMPLATES} from '../policy/platforms.ts'
import {type ControlPlane, startControlPlane} from './kubernetes/control-plane.ts'
import {collectionOf, GKE_KINDS, type Manifest, manifestsOf, pathOf, podsOf} from './kubernetes/manifests.ts'

const {HA_TEST_APISERVER: apiserver, HA_TEST_ETCD: etcd} = process.env
const APPLY = 'application/apply-patch+yaml'

const why = apiserver && etcd ? '' : ' (skipped: HA_TEST_APISERVER and HA_TEST_ETCD name no binaries)'

describe.skipIf(why !== '')(`a real Kubernetes API server${why}`, () => {
  let server: ControlPlane
  beforeAll(async () => {
    server = await startControlPlane({apiserver: apiserver!, etcd: etcd!})
    for (const kind of GKE_KINDS)
      expect(await server.call('POST', collectionOf(kind), kind)).toMatchObject({status: 201})
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  const apply = (object: Manifest, more = '') =>
    server.call('PATCH', `${pathOf(object)}?fieldManager=test&fieldValidation=Strict${more}`, object, APPLY)

  const platforms = TEMPLATES.flatMap((template) => PRESETS.map((preset) => ({template, preset})))

  test.each(platforms)(
    'takes all of $template at preset $preset, in both regions, without a warning; a second time changes nothing; another image is an update',
    async ({template, preset}) => {
      const regions = Object.values(await manifestsOf(configOf(template, preset, 2)))
      expect(regions).toHaveLength(2)
      for (const objects of regions) {
        for (const object of objects) {
          expect(await settle(object), pathOf(object)).toEqual({refused: undefined, warnings: []})
          // Nothing runs pods here, so what would make them does not find out what admission says of them.
          for (const pod of podsOf(object)) {
            const reply = await server.call('POST', `${collectionOf(pod)}?dryRun=All&fieldValidation=Strict`, pod)
            expect({refused: refusal(reply), warnings: reply.warnings}, pathOf(object)).toEqual({warnings: []})
          }
        }
        for (const object of objects) {
          const before = (await server.call('GET', pathOf(object))).body.metadata
          expect((await apply(object)).body.metadata, pathOf(object)).toEqual(before)
        }
        for (const object of objects.filter(({kind}) => kind === 'Deployment')) {
          const next = withImage(object, 'example.com/next:2')
          const reply = await apply(next)
          expect(refusal(reply)).toBeUndefined()
          expect(reply.body.metadata.generation).toBe(2)
        }
        // Not the namespaces: nothing here would finish that.
        for (const object of objects.filter(({kind}) => kind !== 'Namespace')) {
          expect(refusal(await server.call('DELETE', pathOf(object)))).toBeUndefined()
        }
      }
    },
  )

  test('says of pods that a namespace refuses what the emulator says', async () => {
    const labels = {'pod-security.kubernetes.io/enforce': 'restricted'}
    const namespace = {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'strict', labels}}
    // Which controllers would make by themselves, and none run here.
    const account = {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'default', namespace: 'strict'}}
    for (const object of [namespace, account]) expect(await settle(object)).toEqual({refused: undefined, warnings: []})
    for (const [name, [spec, why]] of Object.entries(LOOSE)) {
      const metadata = {name: 'api', namespace: 'strict'}
      const pod = {apiVersion: 'v1', kind: 'Pod', metadata, spec}
      const reply = await server.call('POST', collectionOf(pod), pod)
      expect(refusal(reply), name).toBe(`pods "api" is forbidden: violates PodSecurity "restricted:latest": ${why}`)
    }
  })

  async function settle(object: Manifest) {
    const reply = await apply(object)
    return {refused: refusal(reply), warnings: reply.warnings}
  }
})

const refusal = ({status, body}: {status: number; body: Manifest}) => (status < 300 ? undefined : body.message)

function withImage(object: Manifest, image: string): Manifest {
  const next = structuredClone(object)
  for (const container of next.spec.template.spec.containers) container.image = image
  return next
}
