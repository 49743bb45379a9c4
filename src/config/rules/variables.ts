/** Variables and secrets: names the process can have, and none that ha gives itself. */
import {type Rule, repeats, servicesOf} from './rule.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/
const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,99}$/
const GIVEN = [
  'PORT',
  'DATABASE_URL',
  'DATABASE_REPLICA_URL',
  'GOOGLE_CLOUD_PROJECT',
  'PUBSUB_EMULATOR_HOST',
  'STORAGE_EMULATOR_HOST',
]
const GIVEN_PATTERN = /^(HA_.*|QUEUE_.*_(TOPIC|SUBSCRIPTION))$/

/** Whether ha sets this variable itself. */
export const isGiven = (name: string): boolean => GIVEN.includes(name) || GIVEN_PATTERN.test(name)

export const variablesAreFree: Rule = ({draft, report}) => {
  for (const [service, {env}] of servicesOf(draft)) {
    for (const name of Object.keys(env ?? {})) {
      const path = ['services', service, 'env', name]
      if (!NAME.test(name)) {
        const message = `"${name}" is not a name for an environment variable.`
        report({code: 'ENV_NAME_INVALID', path, of: 'key', message, instead: shout(name)})
      } else if (isGiven(name)) {
        report({
          code: 'ENV_NAME_RESERVED',
          path,
          of: 'key',
          message: `ha sets ${name} itself; give yours another name.`,
        })
      } else if (draft.secrets?.includes(name)) {
        const message = `${name} is a secret already; a plain variable would hide it.`
        report({code: 'SECRET_CLASH', path, of: 'key', message, involves: [['secrets']]})
      }
    }
  }
}

export const secretsAreNamed: Rule = ({draft, report}) => {
  for (const [index, name] of (draft.secrets ?? []).entries()) {
    if (name === undefined) continue
    const path = ['secrets', index]
    if (!SECRET_NAME.test(name)) {
      const message = `${name} is not a name for a secret: upper-case letters, digits and underscores, a letter first.`
      report({code: 'SECRET_NAME_INVALID', path, message, instead: shout(name)})
    } else if (isGiven(name)) {
      report({code: 'ENV_NAME_RESERVED', path, message: `ha sets ${name} itself; give the secret another name.`})
    }
  }
  repeats(draft.secrets, (name, index) => {
    report({code: 'SECRET_DUPLICATE', path: ['secrets', index], message: `${name} is already in the list.`})
  })
}

const shout = (name: string) =>
  name
    .toUpperCase()
    .replace(/[^A-Z0-9_]+/g, '_')
    .replace(/^(?![A-Z_])/, '_')
    .slice(0, 100)
