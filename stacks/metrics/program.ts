import {fromApiServer, NOTHING, platform} from '../app/network-policies.ts'
import {ownService} from '../own-service.ts'
import {kubernetes} from '../pulumi.ts'
import type {MetricsInput} from './index.ts'
import {PORT, podSpec} from './pod.ts'
import {rightsOf} from './rights.ts'

const GROUP = 'external.metrics.k8s.io'
const VERSION = 'v1beta1'

export function program(input: MetricsInput) {
  const {name, namespace} = input
  const policies = [
    {name: 'deny-all', spec: NOTHING},
    {name: 'allow-api-server', spec: fromApiServer(PORT)},
    {name: 'allow-platform', spec: platform()},
  ]
  const https = {name: 'https', port: 443}
  const {provider, labels, metadata, before} = ownService(input, policies, https)
  const deployment = new (kubernetes('apps', 'v1').Deployment)(
    name,
    {
      metadata,
      spec: {
        replicas: 2,
        selector: {matchLabels: labels},
        template: {metadata: {labels}, spec: podSpec(input, labels)},
      },
    },
    {provider, dependsOn: [...before, ...rightsOf(input, {provider})]},
  )
  ;new (kubernetes('apiregistration', 'v1').APIService)(
    'api',
    {
      metadata: {name: `${VERSION}.${GROUP}`},
      spec: {
        group: GROUP,
        version: VERSION,
        service: {name, namespace, port: 443},
        // The adapter makes its certificate anew with each start.
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    },
    // First to go: while an API is registered that nobody serves, no namespace of the cluster can be deleted.
    {provider, dependsOn: [deployment]},
  )
  return {}
}
