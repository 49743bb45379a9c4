/** Refuses what the real API server refuses, with its words: 422 and a cause per field. */
import type {KubeObject} from './objects.ts'
import {checkKey, checkLabels, createProblems, subdomainProblem} from './problems.ts'
import type {ResourceType} from './resources.ts'
import {storeKey} from './resources.ts'
import {invalid} from './status.ts'
import {CHECKS} from './validate-kinds.ts'

/** Throws ApiError Invalid. `object` has its defaults; `old` is what it replaces. */
export function validate(row: ResourceType, object: KubeObject, old: KubeObject | undefined): void {
  const problems = createProblems()
  const {name, labels, annotations, ownerReferences = []} = object.metadata
  // Names in rbac are path segments: `system:node` is one.
  const problem = row.group === 'rbac.authorization.k8s.io' ? segmentProblem(name) : subdomainProblem(name)
  if (!name) problems.required('metadata.name', 'name or generateName is required')
  else if (problem) problems.wrong('metadata.name', name, problem)
  checkLabels(problems, labels, 'metadata.labels')
  for (const key of Object.keys(annotations ?? {})) checkKey(problems, key.toLowerCase(), 'metadata.annotations')
  for (const [index, owner] of ownerReferences.entries()) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[field]) problems.required(`metadata.ownerReferences[${index}].${field}`)
    }
  }
  CHECKS[storeKey(row)]?.(problems, object, old)
  const unique = problems.causes.filter(
    (cause, index) =>
      problems.causes.findIndex((each) => each.field === cause.field && each.message === cause.message) === index,
  )
  if (unique.length > 0) throw invalid(row.kind, row.group, name ?? '', unique)
}

function segmentProblem(name: string): string | undefined {
  return /[/%]/.test(name) || name === '.' || name === '..' ? "may not contain '/' or '%'" : undefined
}
