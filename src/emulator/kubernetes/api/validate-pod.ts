/** Pods and pod templates, as far as people who deploy get them wrong (pkg/apis/core/validation/validation.go). */
import type {Json} from './objects.ts'
import {
  checkEnum,
  checkNonNegative,
  checkPort,
  isPortName,
  labelProblem,
  type Problems,
  subdomainProblem,
} from './problems.ts'
import {isQuantity, quantityOf} from './quantity.ts'
import {checkReference, checkResourceName, checkSeccomp, checkSleep, checkSpread} from './validate-pod-parts.ts'

export function checkPodSpec(problems: Problems, spec: Json, at: string, restartPolicies?: readonly string[]) {
  if (!spec) return problems.required(at)
  checkEnum(problems, spec.restartPolicy, `${at}.restartPolicy`, restartPolicies ?? ['Always', 'OnFailure', 'Never'])
  checkEnum(problems, spec.dnsPolicy, `${at}.dnsPolicy`, ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'])
  const account = spec.serviceAccountName
  if (account && subdomainProblem(account))
    problems.wrong(`${at}.serviceAccountName`, account, subdomainProblem(account)!)
  const volumes = checkVolumes(problems, spec.volumes ?? [], `${at}.volumes`)
  if (!spec.containers?.length) problems.required(`${at}.containers`)
  const graceSeconds = spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
  const names = new Set<string>()
  for (const field of ['initContainers', 'containers']) {
    for (const [index, container] of (spec[field] ?? []).entries()) {
      const here = `${at}.${field}[${index}]`
      checkContainer(problems, container, here, {volumes, graceSeconds})
      if (names.has(container.name)) problems.duplicate(`${here}.name`, container.name)
      names.add(container.name)
      if (field === 'containers') continue
      if (container.restartPolicy !== undefined)
        checkEnum(problems, container.restartPolicy, `${here}.restartPolicy`, ['Always'])
      else
        for (const kind of PROBES)
          if (container[kind])
            problems.forbidden(`${here}.${kind}`, 'may not be set for init containers without restartPolicy=Always')
    }
  }
  checkSpread(problems, spec.topologySpreadConstraints ?? [], `${at}.topologySpreadConstraints`)
  checkSeccomp(problems, spec.securityContext?.seccompProfile, `${at}.securityContext.seccompProfile`)
}

const DEFAULT_GRACE_SECONDS = 30
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc']

function checkVolumes(problems: Problems, volumes: Json[], at: string): Set<string> {
  const names = new Set<string>()
  for (const [index, {name, ...sources}] of volumes.entries()) {
    const problem = name ? labelProblem(name) : undefined
    if (!name) problems.required(`${at}[${index}].name`)
    else if (problem) problems.wrong(`${at}[${index}].name`, name, problem)
    if (names.has(name)) problems.duplicate(`${at}[${index}].name`, name)
    names.add(name)
    for (const extra of Object.keys(sources).slice(1))
      problems.forbidden(`${at}[${index}].${extra}`, 'may not specify more than 1 volume type')
  }
  return names
}

interface Around {
  readonly volumes: ReadonlySet<string>
  readonly graceSeconds: number
}

function checkContainer(problems: Problems, container: Json, at: string, {volumes, graceSeconds}: Around) {
  const problem = container.name ? labelProblem(container.name) : undefined
  if (!container.name) problems.required(`${at}.name`)
  else if (problem) problems.wrong(`${at}.name`, container.name, problem)
  if (!container.image) problems.required(`${at}.image`)
  else if (container.image !== container.image.trim())
    problems.wrong(`${at}.image`, container.image, 'must not have leading or trailing whitespace')
  checkEnum(problems, container.imagePullPolicy, `${at}.imagePullPolicy`, ['Always', 'IfNotPresent', 'Never'])
  checkPorts(problems, container.ports ?? [], `${at}.ports`)
  checkEnv(problems, container.env ?? [], `${at}.env`)
  checkResources(problems, container.resources, `${at}.resources`)
  for (const kind of PROBES) if (container[kind]) checkProbe(problems, kind, container[kind], `${at}.${kind}`)
  for (const [hook, handler] of Object.entries<Json>(container.lifecycle ?? {})) {
    if (HANDLERS.concat('sleep').filter((each) => handler?.[each]).length !== 1)
      problems.required(`${at}.lifecycle.${hook}`, 'must specify a handler type')
    checkSleep(problems, handler?.sleep, graceSeconds, `${at}.lifecycle.${hook}.sleep`)
  }
  const paths = new Set<string>()
  for (const [index, {name, mountPath}] of (container.volumeMounts ?? []).entries()) {
    const here = `${at}.volumeMounts[${index}]`
    if (!name) problems.required(`${here}.name`)
    else if (!volumes.has(name)) problems.wrong(`${here}.name`, name, 'not found')
    if (!mountPath) problems.required(`${here}.mountPath`)
    if (paths.has(mountPath)) problems.wrong(`${here}.mountPath`, mountPath, 'must be unique')
    paths.add(mountPath)
  }
}

function checkPorts(problems: Problems, ports: Json[], at: string) {
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    if (port.containerPort === undefined) problems.required(`${at}[${index}].containerPort`)
    else checkPort(problems, port.containerPort, `${at}[${index}].containerPort`)
    checkEnum(problems, port.protocol, `${at}[${index}].protocol`, ['SCTP', 'TCP', 'UDP'])
    if (port.name === undefined) continue
    if (!isPortName(port.name))
      problems.wrong(
        `${at}[${index}].name`,
        port.name,
        'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), at least one letter, and be no more than 15 characters',
      )
    if (names.has(port.name)) problems.duplicate(`${at}[${index}].name`, port.name)
    names.add(port.name)
  }
}

function checkEnv(problems: Problems, env: Json[], at: string) {
  for (const [index, {name, value, valueFrom}] of env.entries()) {
    const here = `${at}[${index}]`
    if (!name) problems.required(`${here}.name`)
    else if (!/^[ -<>-~]+$/.test(name))
      problems.wrong(
        `${here}.name`,
        name,
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      )
    if (!valueFrom) continue
    if (value) problems.wrong(`${here}.valueFrom`, '', 'may not be specified when `value` is not empty')
    const sources = Object.keys(valueFrom)
    if (sources.length === 0)
      problems.wrong(
        `${here}.valueFrom`,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      )
    if (sources.length > 1)
      problems.wrong(`${here}.valueFrom`, '', 'may not have more than one field specified at a time')
    for (const kind of ['configMapKeyRef', 'secretKeyRef']) {
      if (valueFrom[kind]) checkReference(problems, valueFrom[kind], `${here}.valueFrom.${kind}`)
    }
  }
}

function checkResources(problems: Problems, {limits = {}, requests = {}}: Json = {}, at: string) {
  for (const [kind, amounts] of Object.entries<Json>({limits, requests})) {
    for (const [name, amount] of Object.entries<Json>(amounts)) {
      checkResourceName(problems, name, `${at}.${kind}`)
      if (!isQuantity(amount))
        problems.wrong(
          `${at}.${kind}[${name}]`,
          amount,
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        )
      else if (quantityOf(amount) < 0)
        problems.wrong(`${at}.${kind}[${name}]`, amount, 'must be greater than or equal to 0')
    }
  }
  for (const [name, amount] of Object.entries<Json>(requests)) {
    if (limits[name] !== undefined && quantityOf(amount) > quantityOf(limits[name])) {
      problems.wrong(`${at}.requests`, amount, `must be less than or equal to ${name} limit of ${limits[name]}`)
    }
  }
}

function checkProbe(problems: Problems, kind: string, probe: Json, at: string) {
  const handlers = HANDLERS.filter((each) => probe[each])
  if (handlers.length === 0) problems.required(at, 'must specify a handler type')
  for (const extra of handlers.slice(1))
    problems.forbidden(`${at}.${extra}`, 'may not specify more than 1 handler type')
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    checkNonNegative(problems, probe[field], `${at}.${field}`)
  }
  if (kind !== 'readinessProbe' && probe.successThreshold !== 1)
    problems.wrong(`${at}.successThreshold`, probe.successThreshold, 'must be 1')
  for (const handler of ['httpGet', 'tcpSocket', 'grpc']) {
    const port = probe[handler]?.port
    if (!probe[handler]) continue
    if (port === undefined) problems.required(`${at}.${handler}.port`)
    else if (typeof port === 'number') checkPort(problems, port, `${at}.${handler}.port`)
    else if (!isPortName(port)) problems.wrong(`${at}.${handler}.port`, port, 'must be a valid port name')
  }
  if (probe.exec && !probe.exec.command?.length) problems.required(`${at}.exec.command`)
}
