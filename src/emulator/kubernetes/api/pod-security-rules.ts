/**
 * The Pod Security Standards as they stand in 1.34, in the order and the words of k8s.io/pod-security-admission (policy/check_*.go).
 * Left out: what only concerns Windows, and the annotations that came before AppArmor's and seccomp's fields.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type {Json} from './objects.ts'

export interface Finding {
  readonly reason: string
  readonly detail: string
}

/** Undefined: the pod keeps the rule. */
export type Rule = (spec: Json) => Finding | undefined

export const containersOf = (spec: Json): Json[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
]

const quoted = (items: Iterable<string>) => [...items].map((item) => `"${item}"`).join(', ')
const several = (word: string, items: {length: number}) => (items.length === 1 ? word : `${word}s`)
/** Each once, sorted. */
const distinct = (items: readonly Json[]): string[] => [...new Set(items.map(String))].sort()
const found = (reason: string, detail: string | false | undefined): Finding | undefined =>
  detail ? {reason, detail} : undefined

/** `containers "a", "b"`; empty when there are none. */
const named = (containers: readonly Json[]): string =>
  containers.length === 0 ? '' : `${several('container', containers)} ${quoted(containers.map(({name}) => name))}`
const where = (spec: Json, bad: (container: Json) => unknown) => containersOf(spec).filter(bad)
const context = (container: Json): Json => container.securityContext ?? {}

/** Whose security context is bad: `pod and container "a"`; empty when nobody's. */
function setters(spec: Json, bad: (context: Json) => unknown): string {
  const containers = named(where(spec, (container) => bad(context(container))))
  return [bad(context(spec)) ? 'pod' : '', containers].filter(Boolean).join(' and ')
}

/** Every value that a pod or its containers give, where they give one. */
const values = (spec: Json, of: (context: Json) => Json): string[] =>
  distinct([spec, ...containersOf(spec)].map((part) => of(context(part))).filter((value) => value !== undefined))

const DEFAULT_CAPABILITIES =
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  )
const SAFE_SYSCTLS = [
  'kernel.shm_rmid_forced',
  ...'ip_local_port_range tcp_syncookies ping_group_range ip_unprivileged_port_start ip_local_reserved_ports'
    .concat(' tcp_keepalive_time tcp_fin_timeout tcp_keepalive_intvl tcp_keepalive_probes tcp_rmem tcp_wmem')
    .split(' ')
    .map((name) => `net.ipv4.${name}`),
]
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']
const PROFILES = ['RuntimeDefault', 'Localhost']
const VOLUMES = 'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' ')

/** What containers add beyond `allowed`: `container "a" must not include "X" in securityContext.capabilities.add`. */
function adding(spec: Json, allowed: readonly string[]): string {
  const beyond = (container: Json): string[] =>
    (context(container).capabilities?.add ?? []).filter((capability: string) => !allowed.includes(capability))
  const bad = where(spec, (container) => beyond(container).length > 0)
  const list = quoted(distinct(bad.flatMap(beyond)))
  return bad.length > 0 ? `${named(bad)} must not include ${list} in securityContext.capabilities.add` : ''
}

const hasProfile = (type: string | undefined) => type === undefined || PROFILES.includes(type)
const badSeccomp = (each: Json) => !hasProfile(each.seccompProfile?.type)

function seccompSetTo(spec: Json): string {
  const who = setters(spec, badSeccomp)
  const bad = values(spec, (each) => each.seccompProfile?.type).filter((type) => !hasProfile(type))
  return who && `${who} must not set securityContext.seccompProfile.type to ${quoted(bad)}`
}

/** Those that may do what neither they nor their pod rule out. */
const unsaid = (spec: Json, says: (context: Json) => unknown) =>
  says(context(spec)) ? [] : where(spec, (container) => !says(context(container)))

const appArmor: Rule = (spec) => {
  const bad = values(spec, (each) => each.appArmorProfile?.type).filter((type) => !hasProfile(type))
  const who = setters(spec, (each) => !hasProfile(each.appArmorProfile?.type))
  const reason = several('forbidden AppArmor profile', bad)
  return found(reason, who && `${who} must not set AppArmor profile type to ${quoted(bad)}`)
}

const hostNamespaces: Rule = (spec) => {
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field])
  return found('host namespaces', shared.map((field) => `${field}=true`).join(', '))
}

const hostPathVolumes: Rule = ({volumes = []}) => {
  const bad = volumes.filter(({hostPath}: Json) => hostPath)
  const names = bad.map(({name}: Json) => name)
  return found('hostPath volumes', bad.length > 0 && `${several('volume', bad)} ${quoted(names)}`)
}

const hostPorts: Rule = (spec) => {
  const of = ({ports = []}: Json) => ports.map(({hostPort}: Json) => hostPort).filter(Boolean)
  const bad = where(spec, (container) => of(container).length > 0)
  const ports = distinct(bad.flatMap(of))
  const use = bad.length === 1 ? 'uses' : 'use'
  return found('hostPort', bad.length > 0 && `${named(bad)} ${use} ${several('hostPort', ports)} ${ports.join(', ')}`)
}

const probeHosts: Rule = (spec) => {
  const of = ({livenessProbe, readinessProbe, startupProbe, lifecycle}: Json): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
      .flatMap((call) => [call?.httpGet?.host, call?.tcpSocket?.host])
      .filter(Boolean)
  const bad = where(spec, (container) => of(container).length > 0)
  const hosts = distinct(bad.flatMap(of))
  const use = bad.length === 1 ? 'uses' : 'use'
  const what = several('probe or lifecycle host', hosts)
  const sorted = [...bad].sort((a, b) => (a.name < b.name ? -1 : 1))
  return found('probe or lifecycle host', bad.length > 0 && `${named(sorted)} ${use} ${what} ${quoted(hosts)}`)
}

const privileged: Rule = (spec) => {
  const bad = named(where(spec, (container) => context(container).privileged))
  return found('privileged', bad && `${bad} must not set securityContext.privileged=true`)
}

const procMount: Rule = (spec) => {
  const of = (container: Json) => context(container).procMount ?? 'Default'
  const bad = where(spec, (container) => of(container) !== 'Default')
  const types = quoted(distinct(bad.map(of)))
  return found('procMount', bad.length > 0 && `${named(bad)} must not set securityContext.procMount to ${types}`)
}

const seLinux: Rule = (spec) => {
  const of = ({seLinuxOptions}: Json) => seLinuxOptions ?? {}
  const isBad = (each: Json) => {
    const {type = '', user, role} = of(each)
    return !SELINUX_TYPES.includes(type) || user || role
  }
  const who = setters(spec, isBad)
  const all = [spec, ...containersOf(spec)].map((part) => of(context(part)))
  const types = distinct(all.flatMap(({type = ''}) => (SELINUX_TYPES.includes(type) ? [] : [type])))
  const what = [
    ...(types.length > 0 ? [`${several('type', types)} ${quoted(types)}`] : []),
    ...(all.some(({user}) => user) ? ['user may not be set'] : []),
    ...(all.some(({role}) => role) ? ['role may not be set'] : []),
  ]
  return found('seLinuxOptions', who && `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`)
}

const sysctls: Rule = (spec) => {
  const names = (context(spec).sysctls ?? []).map(({name}: Json) => name)
  return found('forbidden sysctls', names.filter((name: string) => !SAFE_SYSCTLS.includes(name)).join(', '))
}

const privilegeEscalation: Rule = (spec) => {
  const bad = named(where(spec, (container) => context(container).allowPrivilegeEscalation !== false))
  const must = 'must set securityContext.allowPrivilegeEscalation=false'
  return found('allowPrivilegeEscalation != false', bad && `${bad} ${must}`)
}

const capabilities: Rule = (spec) => {
  const keeping = named(where(spec, (container) => !context(container).capabilities?.drop?.includes('ALL')))
  const details = [
    keeping && `${keeping} must set securityContext.capabilities.drop=["ALL"]`,
    adding(spec, ['NET_BIND_SERVICE']),
  ]
  return found('unrestricted capabilities', details.filter(Boolean).join('; '))
}

const volumeTypes: Rule = ({volumes = []}) => {
  const typeOf = ({name: _, ...source}: Json) => Object.keys(source)[0] ?? 'unknown'
  const bad = volumes.filter((volume: Json) => !VOLUMES.some((type) => volume[type]))
  const types = distinct(bad.map(typeOf))
  const names = quoted(bad.map(({name}: Json) => name))
  const use = bad.length === 1 ? 'uses' : 'use'
  const detail = `${several('volume', bad)} ${names} ${use} ${several('restricted volume type', types)} ${quoted(types)}`
  return found('restricted volume types', bad.length > 0 && detail)
}

const nonRoot: Rule = (spec) => {
  const against = setters(spec, (each) => each.runAsNonRoot === false)
  const silent = named(unsaid(spec, (each) => each.runAsNonRoot))
  const detail = against
    ? `${against} must not set securityContext.runAsNonRoot=false`
    : silent && `pod or ${silent} must set securityContext.runAsNonRoot=true`
  return found('runAsNonRoot != true', detail)
}

const rootUser: Rule = (spec) => {
  const who = setters(spec, (each) => each.runAsUser === 0)
  return found('runAsUser=0', who && `${who} must not set runAsUser=0`)
}

const seccomp: Rule = (spec) => {
  const silent = named(unsaid(spec, (each) => each.seccompProfile))
  const must = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
  return found('seccompProfile', seccompSetTo(spec) || (silent && `pod or ${silent} ${must}`))
}

/** A baseline rule that a stricter one says more of is not asked where that one is. */
export const BASELINE: readonly {rule: Rule; overridden?: true}[] = [
  {rule: appArmor},
  {rule: (spec) => found('non-default capabilities', adding(spec, DEFAULT_CAPABILITIES)), overridden: true},
  {rule: hostNamespaces},
  {rule: hostPathVolumes, overridden: true},
  {rule: hostPorts},
  {rule: probeHosts},
  {rule: privileged},
  {rule: procMount},
  {rule: seLinux},
  {rule: (spec) => found('seccompProfile', seccompSetTo(spec)), overridden: true},
  {rule: sysctls},
]
export const RESTRICTED: readonly Rule[] = [privilegeEscalation, capabilities, volumeTypes, nonRoot, rootUser, seccomp]
