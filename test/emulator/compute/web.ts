/** The backend service `web` of an edge in two zones, as tests of its records write and read it. */
import type {Props} from '../../../src/emulator/contract.ts'
import {type Bench, link, negPath, PROJECT} from './world.ts'

export const ZONES = {'us-east1-b': [], 'europe-west1-b': []}

export const idOf = (collection: string) => `projects/${PROJECT}/global/${collection}/web`
export const backends = (...scalers: readonly (number | undefined)[]) =>
  scalers.map((capacityScaler, at) => ({
    group: link(negPath(Object.keys(ZONES)[at]!)),
    balancingMode: 'RATE',
    maxRatePerEndpoint: 100,
    ...(capacityScaler === undefined ? {} : {capacityScaler}),
  }))
export const service = async (bench: Bench) => (await bench.call('GET', '/global/backendServices/web')).body
export const patch = async (bench: Bench, body: Props) => {
  const {fingerprint} = await service(bench)
  return bench.call('PATCH', '/global/backendServices/web', {fingerprint, ...body})
}
export const errorOf = (body: Props) => body.error as {code: number; message: string; errors: {reason: string}[]}
