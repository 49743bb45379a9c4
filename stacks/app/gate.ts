/** The gate beside the app: holds writers while the primary moves, and passes nothing on that a former primary says (src/gate). */
import type {core} from '@pulumi/kubernetes/types/input.js'
import type {GateTopology} from '../../src/topology/topology.ts'

const HEALTH_PORT = 9802

/** A native sidecar that listens where the app looks for the primary, and speaks to the Auth Proxy at `upstream`. */
export function gateContainer(gate: GateTopology, upstream: number): core.v1.Container {
  const probe = (path: string) => ({httpGet: {path, port: HEALTH_PORT}})
  return {
    name: 'ha-gate',
    image: gate.image,
    restartPolicy: 'Always',
    // The image's entry point is Node (src/observer/Dockerfile).
    args: ['src/gate/main.js'],
    env: [
      {name: 'HA_GATE_LISTEN', value: '127.0.0.1:5432'},
      {name: 'HA_GATE_UPSTREAM', value: `127.0.0.1:${upstream}`},
      {name: 'HA_GATE_OBJECT', value: `${gate.bucket}/${gate.object}`},
      {name: 'HA_GATE_HEALTH', value: `0.0.0.0:${HEALTH_PORT}`},
    ],
    ports: [{containerPort: 5432}, {containerPort: HEALTH_PORT}],
    resources: {requests: {cpu: '50m', memory: '64Mi'}, limits: {memory: '64Mi'}},
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: {drop: ['ALL']},
      readOnlyRootFilesystem: true,
    },
    startupProbe: {...probe('/startup'), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60},
    livenessProbe: {...probe('/liveness'), periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 3},
  }
}
