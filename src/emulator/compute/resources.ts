/** The Pulumi face of the records. */
import type {Props, ResourceType} from '../contract.ts'
import type {Collections} from './directory.ts'
import {asProviderError, NAME} from './google.ts'
import {enumFailures, type Kind, without} from './kinds/kind.ts'

/** The resource type of one kind. `settled` resolves when the load balancer serves what is on record. */
export function resourceType(kind: Kind, collections: Collections, settled: () => Promise<void>): ResourceType {
  const noun = kind.token.slice(kind.token.lastIndexOf(':') + 1)
  const listed = (outputs: Props): Props => without(outputs, kind.unlisted ?? [])

  return {
    token: kind.token,

    check: (inputs) => [
      ...enumFailures(inputs, kind.enums),
      ...(kind.check?.(inputs) ?? []),
      ...(inputs.name === undefined || NAME.test(String(inputs.name))
        ? []
        : [
            {
              property: 'name',
              reason: `"name" ("${inputs.name}") doesn't match regexp "^(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)$"`,
            },
          ]),
    ],

    create: async (inputs) => {
      try {
        const {id, outputs} = collections.insert(kind, inputs)
        await settled().catch((failure) => {
          collections.remove(kind, id)
          throw failure
        })
        return {id, outputs: listed(outputs)}
      } catch (thrown) {
        throw asProviderError(`creating ${noun}`, thrown)
      }
    },

    read: async (id) => {
      const found = collections.find(kind, id)
      return found === undefined ? undefined : listed(found)
    },

    // The provider sends the fingerprint it remembers, so a change made elsewhere since the last refresh is a 412, as on Google.
    update: async (id, outputs, inputs) => {
      try {
        const updated = collections.replace(kind, id, inputs, outputs.fingerprint)
        await settled()
        return listed(updated)
      } catch (thrown) {
        throw asProviderError(`updating ${noun} "${id}"`, thrown)
      }
    },

    delete: async (id) => {
      if (collections.find(kind, id) === undefined) return
      try {
        collections.remove(kind, id)
        await settled()
      } catch (thrown) {
        throw asProviderError(`when reading or editing ${noun}`, thrown)
      }
    },
  }
}
