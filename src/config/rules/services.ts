/** Services: what each type needs, how many there are, and how they end. */
import {defaultGrace, GRACE_AFTER_DRAIN, HEALTH, replicasOf} from '../defaults.ts'
import {nearest} from '../nearest.ts'
import type {ServiceDraft} from '../shape.ts'
import {formatDuration, parseDuration} from '../units.ts'
import {itemsOf, type Rule, repeats, servicesOf} from './rule.ts'

export const someServiceAnswers: Rule = ({draft, report}) => {
  const services = servicesOf(draft)
  if (draft.services === undefined || services.some(([, {type}]) => type === 'http' || type === undefined)) return
  const message = 'No service answers requests; at least one must be of type http.'
  report({code: 'SERVICE_HTTP_MISSING', path: ['services'], of: 'key', message})
}

export const httpHasPort: Rule = ({draft, report}) => {
  for (const [name, {type, port}] of servicesOf(draft)) {
    if (type !== 'http' || port !== undefined) continue
    const message = `${name} answers requests and says not on which port.`
    report({code: 'SERVICE_PORT_MISSING', path: ['services', name, 'port'], message, instead: 'port: 8080'})
  }
}

export const probedWorkerHasPort: Rule = ({draft, report}) => {
  for (const [name, {type, port, health}] of servicesOf(draft)) {
    if (type !== 'worker' || port !== undefined || health === undefined) continue
    const message = `${name} has health paths and no port to ask them on.`
    const involves = [['services', name, 'port']]
    report({
      code: 'SERVICE_PORT_MISSING',
      path: ['services', name, 'health'],
      of: 'key',
      message,
      instead: 'port: 8080',
      involves,
    })
  }
}

export const settingsFitType: Rule = ({draft, report}) => {
  for (const [name, service] of servicesOf(draft)) {
    const path = ['services', name]
    const misfit = (setting: string[], message: string) =>
      report({
        code: 'SERVICE_SETTING_MISFIT',
        path: [...path, ...setting],
        of: 'key',
        message,
        involves: [[...path, 'type']],
      })
    if (service.type === 'worker' && service.paths !== undefined)
      misfit(['paths'], `${name} is a worker; only http services have paths.`)
    if (service.type === 'worker' && service.replicas?.cpu !== undefined) {
      misfit(['replicas', 'cpu'], `${name} is a worker; workers are scaled by backlog, not by cpu.`)
    }
    if (service.type === 'http' && service.replicas?.backlog !== undefined) {
      misfit(['replicas', 'backlog'], `${name} is an http service; those are scaled by cpu, not by backlog.`)
    }
  }
}

export const workersConsume: Rule = ({draft, report}) => {
  for (const [name, {type, consumes}] of servicesOf(draft)) {
    if (type !== 'worker' || (consumes !== undefined && consumes.length > 0)) continue
    const queue = Object.keys(draft.queues ?? {})[0] ?? 'jobs'
    const message = `${name} is a worker and consumes no queue.`
    report({
      code: 'WORKER_WITHOUT_QUEUE',
      path: ['services', name, 'consumes'],
      of: 'key',
      message,
      instead: `consumes: [${queue}]`,
    })
  }
}

export const consumedQueuesExist: Rule = ({draft, report}) => {
  const queues = Object.keys(draft.queues ?? {})
  for (const [name, {consumes}] of servicesOf(draft)) {
    for (const [index, queue] of itemsOf(consumes)) {
      if (queues.includes(queue)) continue
      const meant = nearest(queue, queues)
      const hint = meant ? `Did you mean ${meant}?` : `Define it under queues, as \`${queue}: {}\`.`
      const path = ['services', name, 'consumes', index]
      const message = `There is no queue ${queue}. ${hint}`
      report({code: 'QUEUE_UNDEFINED', path, message, ...(meant && {instead: meant}), involves: [['queues', queue]]})
    }
    repeats(consumes, (queue, index) => {
      const message = `${name} consumes ${queue} already.`
      report({code: 'QUEUE_DUPLICATE', path: ['services', name, 'consumes', index], message})
    })
  }
}

export const replicasAddUp: Rule = ({draft, preset, target, report}) => {
  for (const [name, {type, replicas: given}] of servicesOf(draft)) {
    if (type === undefined) continue
    const path = ['services', name, 'replicas']
    const {min, max} = replicasOf(type, given, preset)
    if (min > max) {
      const message = `${name} has at least ${min} and at most ${max} instances.`
      report({
        code: 'REPLICAS_MIN_OVER_MAX',
        path: [...path, 'min'],
        message,
        instead: String(max),
        involves: [[...path, 'max']],
      })
    }
    if (type !== 'http' || min >= 2 || preset === 'dev' || target !== 'gcp') continue
    const message = `${name} has one instance per region: losing it, or updating it, would be felt.`
    const asked = given?.min === undefined ? 'max' : 'min'
    report({
      code: 'REPLICAS_TOO_FEW',
      path: [...path, asked],
      message,
      instead: '3',
      involves: [['preset'], ['target']],
    })
  }
}

export const drainFitsGrace: Rule = ({draft, report}) => {
  for (const [name, service] of servicesOf(draft)) {
    const drain = drainOf(service)
    if (service.grace === undefined || drain === undefined) continue
    const needed = drain + GRACE_AFTER_DRAIN
    if (parseDuration(service.grace) >= needed) continue
    const path = ['services', name, 'grace']
    const message = `${name} is given ${service.grace} to end, and its drain of ${formatDuration(drain)} and ${GRACE_AFTER_DRAIN}s after it need more.`
    const involves = [['services', name, 'health']]
    report({code: 'DRAIN_OVER_GRACE', path, message, instead: formatDuration(needed), involves})
  }
}

function drainOf(service: ServiceDraft): number | undefined {
  if (service.type === undefined) return undefined
  if (service.type === 'worker' && service.health === undefined) return undefined
  return parseDuration(service.health?.drain ?? HEALTH.drain)
}

export const graceIsWithinReason: Rule = ({draft, report}) => {
  for (const [name, service] of servicesOf(draft)) {
    const grace =
      service.grace === undefined ? defaultGrace('http', drainOf(service) ?? 0) : parseDuration(service.grace)
    if (grace <= 3600) continue
    const path = ['services', name, service.grace === undefined ? 'health' : 'grace']
    const message = `${name} would take more than an hour to end; nodes are not kept waiting that long.`
    report({code: 'VALUE_OUT_OF_RANGE', path, message, instead: '1h'})
  }
}

export const pathsDiffer: Rule = ({draft, report}) => {
  const owners = new Map<string, string>()
  const https = servicesOf(draft).filter(([, {type}]) => type === 'http')
  for (const [name, {paths}] of https) {
    for (const [index, path] of itemsOf(paths ?? ['/'])) {
      const owner = owners.get(path)
      const at = ['services', name, 'paths', index]
      if (owner !== undefined) {
        const message = `${path} is served by ${owner} already${paths ? '' : `; ${name} needs paths of its own`}.`
        const instead = paths ? `/${name}` : `paths: [/${name}]`
        report({
          code: 'PATH_CLASH',
          path: at,
          of: 'key',
          message,
          instead,
          involves: [
            ['services', owner, 'paths'],
            ['services', name, 'paths'],
          ],
        })
      } else owners.set(path, name)
    }
  }
  const [first] = https
  if (!first || owners.has('/')) return
  const message = 'No service has the path /, so a request that no prefix matches has nowhere to go.'
  const involves = https.map(([name]) => ['services', name])
  report({
    code: 'PATH_ROOT_MISSING',
    path: ['services', first[0], 'paths'],
    of: 'key',
    message,
    instead: 'paths: [/]',
    involves,
  })
}
