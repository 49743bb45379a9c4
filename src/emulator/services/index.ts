/** Every Google service that has no room of its own: https://cloud.google.com/apis */
import type {Service, World} from '../contract.ts'
import {certificates} from './certificates.ts'
import {mountComputeRest} from './compute-rest.ts'
import {type ContainerOptions, createContainerService} from './container.ts'
import {identity} from './identity.ts'
import {keeping} from './keeping.ts'
import {monitoring} from './monitoring.ts'
import {network} from './network.ts'
import {plainTypes} from './plain.ts'
import {createSecretsService} from './secrets.ts'
import {createStorageService} from './storage.ts'

export function createGenericServices(world: World, options: ContainerOptions): Service[] {
  const plain = [...identity, ...network, ...certificates, ...monitoring, ...keeping]
  const resources = plainTypes(world.records, plain)
  const firewall = resources.find(({token}) => token === 'gcp:compute/firewall:Firewall')!
  return [
    {name: 'records', resources, routes: (server) => mountComputeRest(server, world, firewall)},
    createSecretsService(world),
    createStorageService(world),
    createContainerService(world, options),
  ]
}
