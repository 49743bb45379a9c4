/** The observer's pod, as a plain manifest. */
import type {core} from '@pulumi/kubernetes/types/input.js'
import {authProxy, RESTRICTED} from '../app/pod.ts'
import type {ObserverInput} from './index.ts'

export function podSpec({name, image, env, records}: ObserverInput): core.v1.PodSpec {
  const healthz = {httpGet: {path: '/healthz', port: 'http'}}
  return {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    securityContext: {runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}},
    terminationGracePeriodSeconds: 10,
    // The same way to the databases as the app's pods have, so that it sees what they would.
    initContainers: [authProxy(records)],
    containers: [
      {
        name,
        image,
        env: Object.entries(env).map(([key, value]) => ({name: key, value})),
        ports: [{name: 'http', containerPort: Number(env.PORT)}],
        resources: {requests: {cpu: '25m', memory: '64Mi'}, limits: {memory: '64Mi'}},
        securityContext: {...RESTRICTED, readOnlyRootFilesystem: true},
        readinessProbe: {...healthz, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3},
        livenessProbe: {...healthz, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3},
      },
    ],
  }
}
