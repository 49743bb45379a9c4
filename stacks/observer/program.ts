import {ownService} from '../own-service.ts'
import {kubernetes} from '../pulumi.ts'
import type {ObserverInput} from './index.ts'
import {networkPolicies} from './network-policies.ts'
import {podSpec} from './pod.ts'

export function program(input: ObserverInput) {
  const http = {name: 'http', port: 80}
  const {provider, labels, metadata, before} = ownService(input, networkPolicies(input), http)
  ;new (kubernetes('apps', 'v1').Deployment)(
    input.name,
    {
      metadata,
      spec: {
        replicas: 1,
        selector: {matchLabels: labels},
        template: {metadata: {labels}, spec: podSpec(input)},
      },
    },
    {provider, dependsOn: before},
  )
  return {}
}
