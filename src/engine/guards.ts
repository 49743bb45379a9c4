/**
 * What stands between a resource and its deletion: Pulumi's `protect`, the provider's own switches, which it reads from the state
 * (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/sql_database_instance#deletion_protection-1), and
 * Google's flag on a database. All are lifted in the state, the last with Google first; no program is run for it, which would carry
 * out whatever else ha.yaml asks for by now. Pure.
 */
import {type Checkpoint, cloudResources, type StateResource} from './state.ts'

type Fields = Readonly<Record<string, unknown>>

/** The switches of one resource that are on, by their path. */
export function guardsOf({protect, inputs = {}, outputs = {}}: StateResource): readonly string[] {
  const on = (fields: Fields) => [
    ...(fields.deletionProtection === true ? ['deletionProtection'] : []),
    ...(fields.deletionPolicy === 'PREVENT' ? ['deletionPolicy'] : []),
    ...(settingsOf(fields).deletionProtectionEnabled === true ? ['settings.deletionProtectionEnabled'] : []),
  ]
  return [...(protect ? ['protect'] : []), ...new Set([...on(inputs), ...on(outputs)])]
}

/** The cloud's resources in a stack that refuse to be deleted. */
export const guardedIn = (checkpoint: Checkpoint | undefined): readonly StateResource[] =>
  cloudResources(checkpoint).filter((resource) => guardsOf(resource).length > 0)

/** The same stack with every switch off. */
export function withoutGuards(checkpoint: Checkpoint): Checkpoint {
  const {latest} = checkpoint.checkpoint
  if (!latest?.resources) return checkpoint
  const resources = latest.resources.map((resource): StateResource => {
    if (guardsOf(resource).length === 0) return resource
    const {protect: _, ...open} = resource
    return {...open, ...eachLifted(resource)}
  })
  return {...checkpoint, checkpoint: {...checkpoint.checkpoint, latest: {...latest, resources}}}
}

const eachLifted = ({inputs, outputs}: StateResource) => ({
  ...(inputs && {inputs: lifted(inputs)}),
  ...(outputs && {outputs: lifted(outputs)}),
})

const lifted = (fields: Fields): Fields => ({
  ...fields,
  ...(fields.deletionProtection === true && {deletionProtection: false}),
  ...(fields.deletionPolicy === 'PREVENT' && {deletionPolicy: 'DELETE'}),
  ...(settingsOf(fields).deletionProtectionEnabled === true && {
    settings: {...settingsOf(fields), deletionProtectionEnabled: false},
  }),
})

const settingsOf = ({settings}: Fields): Fields =>
  typeof settings === 'object' && settings !== null ? (settings as Fields) : {}
