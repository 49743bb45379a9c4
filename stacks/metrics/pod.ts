/** The pod of Google's Custom Metrics Adapter, as a plain manifest. */
import type {core} from '@pulumi/kubernetes/types/input.js'
import {RESTRICTED} from '../app/pod.ts'
import type {MetricsInput} from './index.ts'

/**
 * Not 443, which only root may open; one of the two ports at which GKE's own firewall rule lets the control plane reach nodes.
 * Source: https://cert-manager.io/docs/installation/compatibility/#gke
 */
export const PORT = 10250

/** Of distroless images: the adapter's names no user, so it would run as root. */
const NOBODY = 65532

export function podSpec({name, image}: MetricsInput, labels: Record<string, string>): core.v1.PodSpec {
  return {
    serviceAccountName: name,
    securityContext: {runAsNonRoot: true, runAsUser: NOBODY, seccompProfile: {type: 'RuntimeDefault'}},
    // Two, apart: else the loss of a zone would also stop the workers from growing, for the minutes until a pod is given up.
    topologySpreadConstraints: [
      {
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: {matchLabels: labels},
        matchLabelKeys: ['pod-template-hash'],
      },
    ],
    containers: [
      {
        name,
        image,
        command: [
          '/adapter',
          '--use-new-resource-model=true',
          // Nothing here scales by figures of its own pods' making.
          '--enable-custom-metrics-api=false',
          // Where it keeps the certificate it makes for itself: https://github.com/GoogleCloudPlatform/k8s-stackdriver/issues/488
          '--cert-dir=/tmp',
          `--secure-port=${PORT}`,
        ],
        ports: [{name: 'https', containerPort: PORT}],
        resources: {requests: {cpu: '50m', memory: '200Mi'}, limits: {memory: '200Mi'}},
        securityContext: {...RESTRICTED, readOnlyRootFilesystem: true},
        volumeMounts: [{name: 'certificate', mountPath: '/tmp'}],
        readinessProbe: {
          httpGet: {path: '/healthz', port: 'https', scheme: 'HTTPS'},
          periodSeconds: 10,
          timeoutSeconds: 5,
          failureThreshold: 3,
        },
      },
    ],
    volumes: [{name: 'certificate', emptyDir: {}}],
  }
}
