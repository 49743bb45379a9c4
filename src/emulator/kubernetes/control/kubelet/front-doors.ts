/**
 * The load balancer's address as pods reach it: what is emulated has an address that leads nowhere, and listens on a port of this machine.
 */
import {fetchJson} from '../../../http.ts'
import type {Json} from '../../api/store.ts'
import {NotStartable} from './environment.ts'

/** The ranges that emulated addresses are taken from (compute/kinds/forwarding-rule.ts). */
const FRONT_DOOR = /\b(https?):\/\/(?:203\.0\.113|198\.51\.100)\.\d{1,3}(?::(\d{1,5}))?(?=\/|$)/g
const DEADLINE_MS = 2_000

export interface FrontDoors {
  /** The container with every such URL in its environment led to where the load balancer listens, or will. Throws NotStartable. */
  lead(container: Json): Promise<Json>
}

export function openFrontDoors(googleapis: string): FrontDoors {
  const known = new Map<string, number>()

  /** Asked at each start of a container, so that a port that moved is found; what was known serves while nobody answers. */
  const portFor = async (port: string): Promise<number> => {
    try {
      const url = `${googleapis}/emulator/v1/edge/ports/${port}`
      known.set(port, (await fetchJson<{port: number}>(url, {deadlineMs: DEADLINE_MS})).port)
    } catch (error) {
      if (!known.has(port))
        throw new NotStartable('CreateContainerConfigError', `the load balancer's port is not known: ${error}`)
    }
    return known.get(port)!
  }

  return {
    async lead(container) {
      const env = await Promise.all(
        (container.env ?? []).map(async (entry: Json) => {
          const doors = [...String(entry.value ?? '').matchAll(FRONT_DOOR)]
          if (doors.length === 0) return entry
          const ports = await Promise.all(
            doors.map(([, scheme, port]) => portFor(port ?? (scheme === 'https' ? '443' : '80'))),
          )
          let next = 0
          const value = entry.value.replace(
            FRONT_DOOR,
            (_: string, scheme: string) => `${scheme}://127.0.0.1:${ports[next++]}`,
          )
          return {...entry, value}
        }),
      )
      return container.env ? {...container, env} : container
    },
  }
}
