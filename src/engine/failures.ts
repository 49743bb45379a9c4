/** What went wrong in a stack, one problem per resource, in ha's names, with what to do: the engine's echoes left out. */
import {DISK_FULL_WORDS} from '../errors.ts'
import type {Part, Problem} from '../events/events.ts'
import {refusalOf} from '../refusals.ts'
import type {Redact} from './redact.ts'

/** An error the engine or a provider reported. */
export interface Complaint {
  readonly urn?: string
  readonly message: string
}

/** A problem of one resource keeps its URN inside this room, so that repair can find it. */
export interface LocatedProblem extends Problem {
  readonly urn?: string
}

const ECHOES = [
  /^(update|preview|refresh|destroy) (failed|canceled)$/i,
  /^update cancelled$/i,
  /^failed to register new resource/i,
  /^resource monitor shut down/i,
  /^One or more errors occurred/i,
  /^an unhandled error occurred: program exited/i,
  /resource registration failed/i,
  /^Resource monitor has terminated, shutting down/i,
  /^(error: )?Running program .* failed with/i,
]

/** [pattern, code, what to do]; the first that matches wins. Codes are shown with --json. */
const KNOWN: readonly (readonly [RegExp, string, readonly string[]])[] = [
  [
    /the stack is currently locked by/i,
    'STACK_LOCKED',
    ['Another Pulumi process is at work on this stack; wait until it has ended, then run the same command.'],
  ],
  [
    /already ?exists|Error 409.*(alreadyExists|conflict)/i,
    'ALREADY_EXISTS',
    ['Something of this name exists that this environment did not make: delete it, or choose another `app` name.'],
  ],
  [
    /quota|rateLimitExceeded|RESOURCE_EXHAUSTED/i,
    'QUOTA',
    ['Ask for more quota in this project and region, or choose a smaller size in ha.yaml; then run the same command.'],
  ],
  [
    /Error 403|PERMISSION_DENIED|permission denied/i,
    'FORBIDDEN',
    ['Check the account with `ha validate --online`, and its role against the one that `ha init --ci` writes.'],
  ],
  [
    /Error 401|UNAUTHENTICATED|could not find default credentials|invalid_grant/i,
    'UNAUTHENTICATED',
    ['Sign in again: gcloud auth application-default login.'],
  ],
  [
    /ECONNREFUSED|connection refused|no such host|network is unreachable|i\/o timeout|unreachable|UNAVAILABLE/i,
    'UNREACHABLE',
    ['Check that it runs (`ha status`); a deploy goes on where this one stopped.'],
  ],
  [
    /no resource plugin|could not (load|find) plugin|failed to (load|download) plugin/i,
    'PLUGIN_MISSING',
    ['Run `ha doctor`: it says which provider plugin is missing and how to get it.'],
  ],
  [/timed? ?out|deadline exceeded/i, 'TIMED_OUT', ['Run the same command again: it goes on where this one stopped.']],
  [DISK_FULL_WORDS, 'DISK_FULL', ['Free some space and run the same command again.']],
  [
    /protect(ed)?\b.*(delete|replace)|cannot be deleted|deletion_?protection|deletion_?policy.*(PREVENT|DELETE)/i,
    'PROTECTED',
    ['It is protected against deletion on purpose; lift the protection first if you mean it.'],
  ],
]

function knownFailure(message: string): {code: string; next: readonly string[]} {
  const [, code, next] = KNOWN.find(([pattern]) => pattern.test(message)) ?? [undefined, 'FAILED', []]
  return {code, next}
}

/** One problem per resource, echoes dropped unless nothing else was said. `partFor` names the resource. */
export function problemsFrom(
  complaints: readonly Complaint[],
  partFor: (urn: string) => Part | undefined,
  redact: Redact,
): readonly LocatedProblem[] {
  const cleaned = complaints
    .map(({urn, message}) => ({urn, whole: message, message: clean(message)}))
    .filter(({message}) => message !== '')
  const real = cleaned.filter(({message}) => !ECHOES.some((echo) => echo.test(message)))
  const seen = new Set<string>()
  const problems: LocatedProblem[] = []
  for (const {urn, whole, message} of real.length > 0 ? real : cleaned.slice(0, 1)) {
    const part = urn === undefined ? undefined : partFor(urn)
    const key = part ? `urn ${urn}` : message
    if (seen.has(key)) continue
    seen.add(key)
    const {code, next} = refusalOf(whole) ?? knownFailure(message)
    const text = redact(part ? `${part.what} ${part.name}: ${message}` : message)
    problems.push({code, message: text, next, ...(part && urn ? {urn} : {})})
  }
  return withoutRepeats(problems)
}

/** A program that dies of a resource's failure repeats its text without the resource. */
const withoutRepeats = (problems: readonly LocatedProblem[]): readonly LocatedProblem[] =>
  problems.filter(
    (problem) =>
      problem.urn !== undefined ||
      !problems.some((other) => other.urn && problem.message.includes(bare(other.message))),
  )

const bare = (message: string): string => message.slice(message.indexOf(': ') + 2)

/** Colour tags, ANSI codes, the engine's prefixes, URNs and stack traces taken out; at most ten lines left. */
export function clean(message: string): string {
  return (
    message
      .replace(/<\{%[^%]*%\}>/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI escapes begin with one.
      .replace(/\u001b\[[\d;]*m/g, '')
      .replace(/^\s*error:\s*/i, '')
      .replace(/^Unhandled exception:\s*(Error:\s*)?/i, '')
      .replace(/urn:pulumi:\S+::([^\s:"']+)/g, '$1')
      .split('\n')
      .filter((line) => !/^\s+at .*[:(]/.test(line) && !/^\s*(node:|file:\/\/)/.test(line))
      .slice(0, 10)
      .join('\n')
      .trim()
  )
}
