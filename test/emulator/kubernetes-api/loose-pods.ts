/** Pods that the restricted standard does not take, and what it says of each. Asked of the emulator, and of a real API server. */
import type {Json} from '../../../src/emulator/kubernetes/api/objects.ts'

const STRICT = {
  allowPrivilegeEscalation: false,
  capabilities: {drop: ['ALL']},
  runAsNonRoot: true,
  seccompProfile: {type: 'RuntimeDefault'},
}

export const strict = (name = 'main', context: Json = {}, more: Json = {}): Json => ({
  name,
  image: 'shop/api:1',
  securityContext: {...STRICT, ...context},
  ...more,
})

const bare = (name: string): Json => ({name, image: 'shop/api:1'})
const one = (context: Json, more: Json = {}): Json => ({containers: [strict('main', context, more)]})

/** Pod spec, and what the refusal ends in. */
export const LOOSE: Readonly<Record<string, readonly [Json, string]>> = {
  'a pod that says nothing': [
    {containers: [bare('main')]},
    'allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  'a loose sidecar beside a strict container': [
    {
      securityContext: {runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}},
      initContainers: [bare('proxy'), bare('gate')],
      containers: [strict()],
    },
    'allowPrivilegeEscalation != false (containers "proxy", "gate" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "proxy", "gate" must set securityContext.capabilities.drop=["ALL"])',
  ],
  'a capability too many': [
    one({capabilities: {drop: ['ALL'], add: ['NET_BIND_SERVICE', 'SYS_TIME', 'NET_RAW']}}),
    'unrestricted capabilities (container "main" must not include "NET_RAW", "SYS_TIME" in securityContext.capabilities.add)',
  ],
  'a privileged container': [
    one({privileged: true, allowPrivilegeEscalation: true}),
    'privileged (container "main" must not set securityContext.privileged=true), allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false)',
  ],
  'the host’s namespaces and ports': [
    {...one({}, {ports: [{containerPort: 80, hostPort: 80}]}), hostNetwork: true, hostPID: true},
    'host namespaces (hostNetwork=true, hostPID=true), hostPort (container "main" uses hostPort 80)',
  ],
  'a probe of another host': [
    one({}, {livenessProbe: {tcpSocket: {port: 80, host: 'example.com'}}}),
    'probe or lifecycle host (container "main" uses probe or lifecycle host "example.com")',
  ],
  'volumes of the host': [
    {
      ...one({}),
      volumes: [
        {name: 'a', hostPath: {path: '/'}},
        {name: 'b', emptyDir: {}},
        {name: 'c', nfs: {server: 'x', path: '/'}},
      ],
    },
    'restricted volume types (volumes "a", "c" use restricted volume types "hostPath", "nfs")',
  ],
  'a container that asks for root': [
    {...one({runAsNonRoot: false, runAsUser: 0}), securityContext: {runAsUser: 0}},
    'runAsNonRoot != true (container "main" must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod and container "main" must not set runAsUser=0)',
  ],
  'no filter of system calls': [
    one({seccompProfile: {type: 'Unconfined'}}),
    'seccompProfile (container "main" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  'odd profiles, labels and masks': [
    {
      ...one({appArmorProfile: {type: 'Unconfined'}, seLinuxOptions: {type: 'spc_t', user: 'root'}}),
      securityContext: {
        sysctls: [
          {name: 'kernel.msgmax', value: '1'},
          {name: 'net.ipv4.tcp_rmem', value: '1'},
        ],
      },
    },
    'forbidden AppArmor profile (container "main" must not set AppArmor profile type to "Unconfined"), seLinuxOptions (container "main" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set), forbidden sysctls (kernel.msgmax)',
  ],
}
