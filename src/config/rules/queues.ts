/** Queues: what Pub/Sub allows. */
import {QUEUE} from '../defaults.ts'
import {QUEUE_LIMITS} from '../limits.ts'
import type {Path} from '../located.ts'
import type {ProblemCode} from '../problems.ts'
import {formatDuration, parseDuration} from '../units.ts'
import type {Rule} from './rule.ts'

interface Range {
  readonly min: number
  readonly max: number
}

export const queuesAreWithinLimits: Rule = ({draft, report}) => {
  const check = (
    code: ProblemCode,
    path: Path,
    value: number | undefined,
    range: Range,
    format: (n: number) => string,
  ) => {
    if (value === undefined || (value >= range.min && value <= range.max)) return
    const message = `${path.join('.')} must be ${format(range.min)} to ${format(range.max)}; Pub/Sub takes nothing else.`
    report({code, path, message, instead: format(value < range.min ? range.min : range.max)})
  }
  const seconds = (text: string | undefined) => (text === undefined ? undefined : parseDuration(text))
  for (const [name, queue] of Object.entries(draft.queues ?? {})) {
    const path = ['queues', name]
    const {ack, attempts, retention, retry} = QUEUE_LIMITS
    check('QUEUE_ACK_OUT_OF_RANGE', [...path, 'ack'], seconds(queue?.ack), ack, formatDuration)
    check('QUEUE_ATTEMPTS_OUT_OF_RANGE', [...path, 'attempts'], queue?.attempts, attempts, String)
    check('QUEUE_RETENTION_OUT_OF_RANGE', [...path, 'retention'], seconds(queue?.retention), retention, formatDuration)
    check('QUEUE_RETRY_OUT_OF_RANGE', [...path, 'retry', 'min'], seconds(queue?.retry?.min), retry, formatDuration)
    check('QUEUE_RETRY_OUT_OF_RANGE', [...path, 'retry', 'max'], seconds(queue?.retry?.max), retry, formatDuration)
  }
}

export const retriesAreOrdered: Rule = ({draft, report}) => {
  for (const [name, queue] of Object.entries(draft.queues ?? {})) {
    const {min, max} = {...QUEUE.retry, ...queue?.retry}
    if (min === undefined || max === undefined || parseDuration(min) <= parseDuration(max)) continue
    const path = ['queues', name, 'retry']
    const message = `The shortest wait (${min}) is longer than the longest (${max}).`
    report({
      code: 'QUEUE_RETRY_OUT_OF_RANGE',
      path: [...path, queue?.retry?.min ? 'min' : 'max'],
      message,
      instead: queue?.retry?.min ? max : min,
      involves: [path],
    })
  }
}
