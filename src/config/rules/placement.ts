/** What an environment on Google Cloud needs. */
import type {Rule} from './rule.ts'

export const cloudHasProject: Rule = ({draft, environment, target, report}) => {
  if (target !== 'gcp' || draft.project !== undefined) return
  const message = `The environment ${environment} runs on Google Cloud and names no project.`
  report({
    code: 'PROJECT_MISSING',
    path: ['project'],
    message,
    instead: `project: ${draft.app ?? 'my-app'}-${environment}`,
  })
}

export const cloudHasDomain: Rule = ({draft, environment, target, report}) => {
  if (target !== 'gcp' || draft.domain !== undefined) return
  const message = `The environment ${environment} runs on Google Cloud and names no domain for its certificate.`
  report({code: 'DOMAIN_MISSING', path: ['domain'], message, instead: 'domain: api.example.com'})
}
