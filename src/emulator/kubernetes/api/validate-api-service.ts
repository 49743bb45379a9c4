/** APIServices (kube-aggregator, pkg/apis/apiregistration/validation/validation.go). */
import {labelProblem} from './problems.ts'
import type {Check} from './validate-workloads.ts'

export const checkApiService: Check = (problems, {metadata, spec}) => {
  if (!spec) return problems.required('spec')
  const {group = '', version, service, insecureSkipTLSVerify, caBundle} = spec
  const name = `${version ?? ''}.${group}`
  if (metadata.name !== name)
    problems.wrong('metadata.name', metadata.name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`)
  if (!group && version !== 'v1')
    problems.required('spec.group', 'only v1 may have an empty group and it better be legacy kube')
  const problem = labelProblem(version ?? '')
  if (problem) problems.wrong('spec.version', version, problem)
  for (const [field, most] of [
    ['groupPriorityMinimum', 20_000],
    ['versionPriority', 1_000],
  ] as const) {
    const value = spec[field] ?? 0
    if (!(value > 0 && value <= most)) problems.wrong(`spec.${field}`, value, `must be positive and less than ${most}`)
  }
  if (!service) {
    if (caBundle) problems.wrong('spec.caBundle', caBundle, 'local APIServices may not have a caBundle')
    if (insecureSkipTLSVerify)
      problems.wrong('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify')
    return
  }
  for (const field of ['namespace', 'name']) if (!service[field]) problems.required(`spec.service.${field}`)
  if (insecureSkipTLSVerify && caBundle)
    problems.wrong('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')
}
