/** Takes secrets out of text before it leaves this room: by value where the value is known, by signature where it is not. */

export type Redact = (text: string) => string

const HIDDEN = '[secret]'

const SIGNATURES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  // Google OAuth access and refresh tokens, API keys.
  [/\bya29\.[\w-]{10,}/g, HIDDEN],
  [/\b1\/\/0[\w-]{20,}/g, HIDDEN],
  [/\bAIza[\w-]{30,}/g, HIDDEN],
  // JSON Web Tokens, among them Kubernetes' service account tokens.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, HIDDEN],
  [/\b(sk|rk|pk)_(live|test)_\w{8,}/g, HIDDEN],
  [/\bgh[pousr]_\w{20,}/g, HIDDEN],
  [/\bAKIA[0-9A-Z]{16}\b/g, HIDDEN],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:)[^\s@/]+@/gi, `$1${HIDDEN}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  [
    /(["']?\b[\w-]*(?:password|passphrase|secret|token|private_?key|api_?key)["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s,;}"']+)/gi,
    `$1${HIDDEN}`,
  ],
]

/** `values`: secrets known by value; those shorter than four characters would blank innocent text and are left to the signatures. */
export function redactor(values: readonly string[]): Redact {
  const known = [...new Set(values.filter((value) => value.length >= 4))].sort((a, b) => b.length - a.length)
  return (text) => {
    const blanked = known.reduce((all, value) => all.replaceAll(value, HIDDEN), text)
    return SIGNATURES.reduce((all, [pattern, replacement]) => all.replace(pattern, replacement), blanked)
  }
}

/** The same for any plain value: every text in it redacted. */
export function redactDeep(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map((each) => redactDeep(each, redact))
  if (value === null || typeof value !== 'object') return value
  if (isSecret(value)) return HIDDEN
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactDeep(each, redact)]))
}

/** Pulumi's mark on a secret in events and checkpoints (sdk/v3/go/common/resource/sig). */
const MARK = '4dabf18193072939515e22adb298388d'
const SECRET = '1b47061264138c4ac30d75fd1eb44270'

export const isSecret = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (value as Record<string, unknown>)[MARK] === SECRET

/** Whether a secret lies anywhere inside. */
export const holdsSecret = (value: unknown): boolean =>
  isSecret(value) ||
  value === HIDDEN ||
  (typeof value === 'object' && value !== null && Object.values(value).some((each) => holdsSecret(each)))
