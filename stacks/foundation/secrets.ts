import type {Topology} from '../../src/topology/topology.ts'
import type {Step} from '../stack.ts'

export interface SecretsInput {
  readonly project: string
  readonly secrets: readonly {readonly name: string; readonly id: string}[]
}

/**
 * Every secret needs a version before pods can start. ha adds the first one from the environment or a `.env` file on the
 * local target and only checks elsewhere: values never pass through Pulumi's state.
 */
export const publishSecrets = ({project, secrets}: Topology): Step => ({
  kind: 'step',
  name: 'secrets',
  title: 'Check that every secret has a value',
  deed: 'publish-secrets',
  needs: ['foundation'],
  input: (): SecretsInput => ({project, secrets}),
})
