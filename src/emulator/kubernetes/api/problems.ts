/** Collects what is wrong with an object, worded as k8s.io/apimachinery's field.Error. */
import type {Json} from './objects.ts'
import type {Cause} from './status.ts'

export interface Problems {
  readonly causes: readonly Cause[]
  required(field: string, why?: string): void
  wrong(field: string, value: Json, why: string): void
  duplicate(field: string, value: Json): void
  unsupported(field: string, value: Json, allowed: readonly string[]): void
  forbidden(field: string, why: string): void
}

export function createProblems(): Problems {
  const causes: Cause[] = []
  const add = (reason: string, field: string, message: string) => void causes.push({reason, message, field})
  return {
    causes,
    required: (field, why) => add('FieldValueRequired', field, `Required value${why ? `: ${why}` : ''}`),
    wrong: (field, value, why) =>
      add('FieldValueInvalid', field, `Invalid value: ${JSON.stringify(value ?? null)}: ${why}`),
    duplicate: (field, value) => add('FieldValueDuplicate', field, `Duplicate value: ${JSON.stringify(value)}`),
    unsupported: (field, value, allowed) => {
      const supported = allowed.map((each) => JSON.stringify(each)).join(', ')
      const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`
      add('FieldValueNotSupported', field, message)
    },
    forbidden: (field, why) => add('FieldValueForbidden', field, `Forbidden: ${why}`),
  }
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

/** undefined: fine. The sentences are Kubernetes'. */
export function labelProblem(name: string): string | undefined {
  if (name.length > 63) return 'must be no more than 63 characters'
  if (LABEL.test(name)) return undefined
  return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
}

export function subdomainProblem(name: string): string | undefined {
  if (name.length > 253) return 'must be no more than 253 characters'
  if (SUBDOMAIN.test(name)) return undefined
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
}

export function checkLabels(problems: Problems, labels: Json, field: string) {
  for (const [key, value] of Object.entries<Json>(labels ?? {})) {
    checkKey(problems, key, field)
    if (typeof value !== 'string' || value.length > 63 || (value !== '' && !QUALIFIED.test(value))) {
      problems.wrong(
        field,
        value,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character, and be at most 63 characters",
      )
    }
  }
}

export function checkKey(problems: Problems, key: string, field: string) {
  const [name = '', prefix] = key.split('/').reverse()
  const named = name.length <= 63 && QUALIFIED.test(name)
  if (!named || (prefix !== undefined && !SUBDOMAIN.test(prefix))) {
    problems.wrong(
      field,
      key,
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', with an optional DNS subdomain prefix and '/'",
    )
  }
}

export function checkSelector(problems: Problems, selector: Json, field: string) {
  checkLabels(problems, selector?.matchLabels, `${field}.matchLabels`)
  for (const [index, {operator, values = []}] of (selector?.matchExpressions ?? []).entries()) {
    const at = `${field}.matchExpressions[${index}]`
    if (['In', 'NotIn'].includes(operator)) {
      if (values.length === 0) problems.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")
    } else if (['Exists', 'DoesNotExist'].includes(operator)) {
      if (values.length > 0)
        problems.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    } else problems.wrong(`${at}.operator`, operator, 'not a valid selector operator')
  }
}

export function checkEnum(problems: Problems, value: Json, field: string, allowed: readonly string[]) {
  if (value === undefined || value === '') problems.required(field)
  else if (!allowed.includes(value)) problems.unsupported(field, value, allowed)
}

export function checkNonNegative(problems: Problems, value: Json, field: string) {
  if (value !== undefined && !(Number.isInteger(value) && value >= 0))
    problems.wrong(field, value, 'must be greater than or equal to 0')
}

export function checkPort(problems: Problems, value: Json, field: string) {
  if (!(Number.isInteger(value) && value >= 1 && value <= 65_535))
    problems.wrong(field, value, 'must be between 1 and 65535, inclusive')
}

export const isPortName = (name: string) =>
  name.length <= 15 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && /[a-z]/.test(name)

/** A whole number ≥ 0 or `NN%`. */
export function checkIntOrPercent(problems: Problems, value: Json, field: string) {
  if (value === undefined) return
  if (typeof value === 'number') return checkNonNegative(problems, value, field)
  if (!/^\d+%$/.test(String(value))) {
    problems.wrong(
      field,
      value,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    )
  }
}
