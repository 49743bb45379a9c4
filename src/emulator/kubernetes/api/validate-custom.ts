/**
 * The kinds of GKE's add-ons. Google publishes no definitions of them; the rules are those of the project they are built from:
 * https://github.com/kubernetes-sigs/secrets-store-sync-controller/blob/main/config/crd/bases/secret-sync.x-k8s.io_secretsyncs.yaml
 */
import type {Json} from './objects.ts'
import {type Problems, subdomainProblem} from './problems.ts'
import type {Check} from './validate-workloads.ts'

/**
 * The definition's pattern is `^[A-Za-z0-9.]([-A-Za-z0-9]+([-._a-zA-Z0-9]?[A-Za-z0-9])*)?(\/([0-9]+))*$`: no `_` or `.` in second
 * place, at the end or beside another. Written here so that a long text takes no more steps than it has letters.
 */
const KEY = /^[A-Za-z0-9.]([-A-Za-z0-9]+([._][A-Za-z0-9]+([-._][A-Za-z0-9]+)*)?)?(\/[0-9]+)*$/
const LONGEST = 253

export const checkSecretSync: Check = (problems, {spec}) => {
  if (!spec) return
  for (const field of ['serviceAccountName', 'secretProviderClassName']) {
    checkText(problems, spec[field], `spec.${field}`, (name) => subdomainProblem(name) === undefined)
  }
  const {secretObject} = spec
  if (!secretObject) return problems.required('spec.secretObject')
  checkText(problems, secretObject.type, 'spec.secretObject.type', () => true)
  if (!secretObject.data) return problems.required('spec.secretObject.data')
  const at = 'spec.secretObject.data'
  if (secretObject.data.length === 0)
    problems.wrong(at, 0, 'spec.secretObject.data in body should have at least 1 items')
  const keys = new Set<string>()
  for (const [index, entry] of secretObject.data.entries()) {
    for (const field of ['sourcePath', 'targetKey'])
      checkText(problems, entry[field], `${at}[${index}].${field}`, (text) => KEY.test(text))
    if (keys.has(entry.targetKey)) problems.duplicate(`${at}[${index}]`, {targetKey: entry.targetKey})
    keys.add(entry.targetKey)
  }
}

function checkText(problems: Problems, value: Json, field: string, fits: (text: string) => boolean) {
  if (value === undefined) problems.required(field)
  else if (value === '') problems.wrong(field, value, `${field} in body should be at least 1 chars long`)
  else if (value.length > LONGEST) problems.wrong(field, value, `may not be more than ${LONGEST} bytes`)
  else if (!fits(value)) problems.wrong(field, value, `${field} in body should match the pattern of its definition`)
}
