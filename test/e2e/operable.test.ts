/**
 * The rules of the port (test/cloud/operable/rules.ts) on the running emulator, with real PostgreSQL, and on Google when
 * HA_CONTRACT_PROJECT names a project and credentials are found. There it makes seven small Cloud SQL instances and what else the
 * rules need, every name with a random suffix, and takes all of it away; about an hour. HA_CONTRACT_USER: the database's name for
 * whoever runs it (a person's address, or an account's without `.gserviceaccount.com`).
 */
import {homedir} from 'node:os'
import {findCredentials, firmwareProduct, identityOf} from '../../src/cloud/credentials.ts'
import {emulatorWires, googleWires} from '../../src/cloud/wires.ts'
import {createComputeService} from '../../src/emulator/compute/service.ts'
import {createPubSubService} from '../../src/emulator/pubsub/service.ts'
import {openGround} from '../cloud/operable/ground.ts'
import {operableRules, type World} from '../cloud/operable/rules.ts'
import {freePort} from '../emulator/compute/world.ts'
import {deployment, pod, startCluster} from '../emulator/kubernetes-api/cluster.ts'
import {newFolder, openCloud, PROJECT} from '../emulator/sql/cloud.ts'

async function openEmulator(): Promise<World> {
  const cloud = await openCloud(newFolder(), (world) => [
    createComputeService(world, {probe: async () => true}),
    createPubSubService(world),
  ])
  const cluster = await startCluster()
  const services = ['api', 'sync']
  for (const name of services) {
    cluster.store.create('apps/deployments', deployment(name, {replicas: 3}))
    cluster.store.updateStatus('apps/deployments', 'default', name, {replicas: 3, readyReplicas: 3, updatedReplicas: 3})
    cluster.store.create(
      'pods',
      pod(`${name}-1`, {metadata: {name: `${name}-1`, namespace: 'default', labels: {app: name}}}),
    )
  }
  const ground = await openGround({
    ...{wires: emulatorWires(cloud.url), project: PROJECT, endpoint: 18_001, services, patienceMs: 60_000},
    clusters: {'us-east1': cluster.url, 'europe-west1': `http://127.0.0.1:${await freePort()}`},
  })
  return {
    ...ground,
    async lose(region) {
      await cloud.sink(region)
      return () => cloud.raise(region)
    },
    async close() {
      try {
        await ground.close()
      } finally {
        await cluster[Symbol.asyncDispose]()
        await cloud[Symbol.asyncDispose]()
      }
    },
  }
}

async function openGoogle(): Promise<World | string> {
  const {HA_CONTRACT_PROJECT: project, HA_CONTRACT_USER: user} = process.env
  if (!project || !user) return 'HA_CONTRACT_PROJECT and HA_CONTRACT_USER name no project of Google’s to try it in'
  const credentials = findCredentials({env: process.env, home: homedir(), product: firmwareProduct})
  if (!credentials) return 'this machine has no credentials for Google Cloud'
  const wires = googleWires(identityOf(credentials, project))
  return openGround({wires, project, user, clusters: {}, patienceMs: 30 * 60_000})
}

operableRules('the emulator', openEmulator)
operableRules('Google Cloud', openGoogle)
