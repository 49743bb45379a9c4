/** The engine's event stream in ha's words: emitted as it comes, and gathered into what became of the stack. */
import type {EngineEvent, StepEventMetadata} from '@pulumi/pulumi/automation/index.js'
import type {Clock} from '../clock.ts'
import type {Action, ChangedField, Emit, Part, PlannedChange} from '../events/events.ts'
import type {Complaint} from './failures.ts'
import {holdsSecret, type Redact, redactDeep} from './redact.ts'
import {partOf} from './words.ts'

export interface Translation {
  accept(event: EngineEvent): void
  /** Parts started and not finished, oldest first: what the engine waits for. */
  inFlight(): readonly Part[]
  partFor(urn: string): Part | undefined
  readonly changes: readonly PlannedChange[]
  readonly counts: Partial<Record<Action, number>>
  readonly complaints: readonly Complaint[]
  /** The program's exports without those that hold a secret; undefined until the engine told them. */
  readonly outputs: Readonly<Record<string, unknown>> | undefined
  /** The engine said that it is done, one way or the other: it should exit now. */
  readonly ended: boolean
}

export interface TranslatorOptions {
  readonly stack: {readonly name: string; readonly region?: string}
  readonly preview: boolean
  readonly clock: Clock
  readonly emit: Emit
  readonly redact: Redact
}

/** Pulumi's steps (pkg/v3/resource/deploy/step.go); those left out are halves of a replacement or change nothing. */
const ACTIONS: Readonly<Record<string, Action>> = {
  create: 'create',
  import: 'create',
  update: 'update',
  delete: 'delete',
  'create-replacement': 'replace',
  'import-replacement': 'replace',
  read: 'read',
  same: 'same',
  refresh: 'read',
}

const ROOT = 'pulumi:pulumi:Stack'

export function translator(options: TranslatorOptions): Translation {
  const {stack, clock, emit, redact} = options
  const parts = new Map<string, Part>()
  const started = new Map<string, {readonly part: Part; readonly at: number}>()
  const changes = new Map<string, PlannedChange>()
  const counts: Partial<Record<Action, number>> = {}
  const complaints: Complaint[] = []
  let outputs: Record<string, unknown> | undefined
  let ended = false

  const remember = (step: StepEventMetadata): Part => {
    const part = partOf(step.urn, (step.new ?? step.old)?.inputs ?? {}, stack)
    parts.set(step.urn, part)
    return part
  }

  const begin = (step: StepEventMetadata, action: Action) => {
    const part = remember(step)
    if (action === 'same' || action === 'read') return
    changes.set(step.urn, {part, action, fields: fieldsOf(step, redact)})
    started.set(step.urn, {part, at: clock.monotonic()})
    if (!options.preview) emit({kind: 'part.started', part, action})
  }

  const finish = (step: StepEventMetadata, action: Action) => {
    const part = remember(step)
    counts[action] = (counts[action] ?? 0) + 1
    const begun = started.get(step.urn)
    started.delete(step.urn)
    if (begun && !options.preview)
      emit({kind: 'part.finished', part, action, ms: Math.round(clock.monotonic() - begun.at)})
  }

  const fail = (step: StepEventMetadata, action: Action) => {
    const part = remember(step)
    started.delete(step.urn)
    const why = complaints.findLast((complaint) => complaint.urn === step.urn)?.message ?? 'failed'
    emit({kind: 'part.failed', part, action, message: redact(why.trim())})
  }

  return {
    accept(event) {
      const {resourcePreEvent: pre, resOutputsEvent: post, resOpFailedEvent: failed, diagnosticEvent: told} = event
      if (pre && isCloud(pre.metadata)) withAction(pre.metadata, begin)
      if (post && isCloud(post.metadata)) withAction(post.metadata, finish)
      if (post?.metadata.type === ROOT) outputs = exportsOf(post.metadata.new?.outputs ?? {})
      if (told?.severity === 'error') complaints.push({message: told.message, ...(told.urn ? {urn: told.urn} : {})})
      if (told && (told.severity === 'warning' || told.severity === 'info') && !told.ephemeral) {
        emit({
          kind: 'diagnostic.printed',
          stack: stack.name,
          severity: told.severity,
          message: redact(told.message.trim()),
        })
      }
      if (failed && isCloud(failed.metadata)) withAction(failed.metadata, fail)
      if (event.summaryEvent || event.cancelEvent) ended = true
    },
    inFlight: () => [...started.values()].map((each) => each.part),
    partFor: (urn) => parts.get(urn) ?? (isCloudUrn(urn) ? partOf(urn, {}, stack) : undefined),
    get changes() {
      return [...changes.values()]
    },
    counts,
    complaints,
    get outputs() {
      return outputs
    },
    get ended() {
      return ended
    },
  }
}

const isCloud = (step: StepEventMetadata): boolean => !step.type.startsWith('pulumi:')
const isCloudUrn = (urn: string): boolean => !/::([^:]*\$)?pulumi:/.test(urn)

function withAction(step: StepEventMetadata, then: (step: StepEventMetadata, action: Action) => void): void {
  const action = ACTIONS[step.op]
  if (action) then(step, action)
}

const exportsOf = (outputs: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(outputs).filter(([, value]) => !holdsSecret(value)))

/** What differs, from the provider's own diff when it gave one, else by the names of the changed inputs. */
function fieldsOf(step: StepEventMetadata, redact: Redact): readonly ChangedField[] {
  if (step.op === 'create' || step.op === 'delete' || step.op === 'import') return []
  const paths = Object.keys(step.detailedDiff ?? {})
  const named = paths.length > 0 ? paths : (step.diffs ?? [])
  return named.map((path) => {
    const diff = step.detailedDiff?.[path]
    const [from, to] = [at(step.old?.inputs, path), at(step.new?.inputs, path)]
    return {
      path,
      ...(from === undefined ? {} : {from: redactDeep(from, redact)}),
      ...(to === undefined ? {} : {to: redactDeep(to, redact)}),
      ...(diff?.diffKind.endsWith('replace') || step.keys?.includes(path) ? {replaces: true} : {}),
    }
  })
}

/** The value at a property path: `spec.template["a.b"][0].image` (pkg/v3 resource.ParsePropertyPath). */
function at(value: unknown, path: string): unknown {
  const keys = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map((m) => m[1] ?? m[2] ?? m[3]!)
  return keys.reduce<unknown>((now, key) => (now as Record<string, unknown> | undefined | null)?.[key], value)
}
