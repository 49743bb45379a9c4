/** Answers shaped as in Google's reference: https://cloud.google.com/compute/docs/reference/rest/v1/disks/aggregatedList and its like. */
import {once} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {findLeftovers, formerInstances} from '../../src/cloud/leftovers.ts'
import {emulatorWires} from '../../src/cloud/wires.ts'
import {deriveTopology} from '../../src/topology/derive.ts'
import {initialRoles} from '../../src/topology/roles.ts'
import {exampleConfig} from '../fakes/config.ts'

const LINK = 'https://www.googleapis.com/compute/v1/projects/rent'
const GROUND = {project: 'rent', network: 'rent-prod', clusters: ['rent-prod-us-east1']}
/** As where a scope has nothing in it. */
const NOTHING = {warning: {code: 'NO_RESULTS_ON_PAGE', message: 'There are no results for scope on this page.'}}

let server: Server
let answers: Record<string, unknown>
beforeEach(async () => {
  answers = {
    '/aggregated/networkEndpointGroups': {items: {'zones/us-east1-b': NOTHING}},
    '/aggregated/forwardingRules': {items: {global: NOTHING}},
    '/aggregated/disks': {items: {'zones/us-east1-b': NOTHING}},
    '/global/firewalls': {kind: 'compute#firewallList'},
  }
  server = createServer((request, response) => {
    const found = answers[request.url!.replace('/compute/v1/projects/rent', '')]
    response.writeHead(found ? 200 : 403).end(JSON.stringify(found ?? {error: {message: 'no such right'}}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => void server.close())

const find = () => findLeftovers(emulatorWires(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), GROUND)

test('an empty project has nothing left in it', async () => {
  expect(await find()).toEqual([])
})

test('what controllers left is named with its place and what takes it down', async () => {
  answers['/aggregated/networkEndpointGroups'] = {
    items: {
      'zones/us-east1-b': {
        networkEndpointGroups: [
          {name: 'rent-api', zone: `${LINK}/zones/us-east1-b`, network: `${LINK}/global/networks/rent-prod`},
        ],
      },
      'zones/us-east1-c': NOTHING,
    },
  }
  answers['/aggregated/forwardingRules'] = {
    items: {
      'regions/us-east1': {
        forwardingRules: [
          {name: 'a1b2', region: `${LINK}/regions/us-east1`, network: `${LINK}/global/networks/rent-prod`},
        ],
      },
    },
  }
  answers['/aggregated/disks'] = {
    items: {
      'zones/us-east1-d': {
        disks: [
          {name: 'pvc-1', zone: `${LINK}/zones/us-east1-d`, labels: {'goog-k8s-cluster-name': 'rent-prod-us-east1'}},
        ],
      },
    },
  }
  answers['/global/firewalls'] = {items: [{name: 'gke-rent-12-all', network: `${LINK}/global/networks/rent-prod`}]}
  expect((await find()).map(({what, name, place, command}) => [what, name, place, command])).toEqual([
    [
      'network endpoint group',
      'rent-api',
      'us-east1-b',
      'gcloud compute network-endpoint-groups delete rent-api --zone=us-east1-b --project=rent',
    ],
    [
      'forwarding rule',
      'a1b2',
      'us-east1',
      'gcloud compute forwarding-rules delete a1b2 --region=us-east1 --project=rent',
    ],
    ['disk', 'pvc-1', 'us-east1-d', 'gcloud compute disks delete pvc-1 --zone=us-east1-d --project=rent'],
    [
      'firewall rule',
      'gke-rent-12-all',
      undefined,
      'gcloud compute firewall-rules delete gke-rent-12-all --project=rent',
    ],
  ])
})

test('what belongs to another network or cluster is not ours to speak of', async () => {
  answers['/global/firewalls'] = {items: [{name: 'theirs', network: `${LINK}/global/networks/rent-prod-2`}]}
  answers['/aggregated/disks'] = {
    items: {
      'zones/us-east1-d': {
        disks: [
          {name: 'pvc-2', zone: `${LINK}/zones/us-east1-d`, labels: {'goog-k8s-cluster-name': 'other'}},
          {name: 'boot', zone: `${LINK}/zones/us-east1-d`},
        ],
      },
    },
  }
  expect(await find()).toEqual([])
})

test('every page is read', async () => {
  const rule = (name: string) => ({name, network: `${LINK}/global/networks/rent-prod`})
  answers['/global/firewalls'] = {items: [rule('a')], nextPageToken: 'x/y'}
  answers['/global/firewalls?pageToken=x%2Fy'] = {items: [rule('b')]}
  expect((await find()).map(({name}) => name)).toEqual(['a', 'b'])
})

test('a question that is refused is no answer', async () => {
  delete answers['/aggregated/disks']
  await expect(find()).rejects.toMatchObject({code: 'CLOUD_REFUSED', data: {status: 403}})
})

test('of the database instances those are left behind whose place another took, protected as they were made', () => {
  const [us, eu] = ['us-east1', 'europe-west1']
  const config = exampleConfig({regions: [us, eu]})
  const topology = deriveTopology(config, {...initialRoles(config), generations: {[us]: 2, [eu]: 1}})
  const instances = [
    {name: `stay-test-${us}-g1`, region: us},
    {name: `stay-test-${us}-g2`, region: us},
    {name: `stay-test-${eu}-g1`, region: eu},
    // Another environment's, and somebody's own.
    {name: `stay-test-blue-${us}-g1`, region: us},
    {name: `stay-test-${us}-g1-copy`, region: us},
  ]
  expect(formerInstances(instances, {...topology, project: 'p', protect: false})).toEqual([
    {
      what: 'database instance',
      name: `stay-test-${us}-g1`,
      place: us,
      command: `gcloud sql instances delete stay-test-${us}-g1 --project=p`,
    },
  ])
  const [first] = formerInstances(instances, {...topology, project: 'p', protect: true})
  expect(first?.command).toMatch(
    /^gcloud sql instances patch .* --no-deletion-protection && gcloud sql instances delete/,
  )
})
