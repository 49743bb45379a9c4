import {gcp, googleProvider} from '../pulumi.ts'
import type {FleetInput} from './index.ts'

/** Source: https://cloud.google.com/kubernetes-engine/docs/concepts/about-rollout-sequencing-custom-stages */
export function program({project, prefix, soakSeconds, labels}: FleetInput) {
  const provider = googleProvider(project, labels)
  const stage = (name: string) => ({
    fleetProjects: [`projects/${project}`],
    clusterSelector: {labelSelector: `resource.labels['ha-stage'] == '${name}'`},
  })
  const sequence = new (gcp('gkehub').RolloutSequence)(
    'upgrades',
    {
      project,
      rolloutSequenceId: `${prefix}-upgrades`,
      displayName: `${prefix} upgrades`,
      stages: [{...stage('canary'), soakDuration: `${soakSeconds}s`}, stage('rest')],
    },
    {provider},
  )
  return {sequence: sequence.id}
}
