/**
 * The load balancer's address as pods reach it: what is emulated has an address that leads nowhere, and listens on a port of this machine.
 */
import {fetchJson} from '../../../http.ts'
import {NotStartable} from './environment.ts'

/** The ranges that emulated addresses are taken from (compute/kinds/forwarding-rule.ts). */
const FRONT_DOOR = /\b(https?):\/\/(?:203\.0\.113|198\.51\.100)\.\d{1,3}(?::(\d{1,5}))?(?=\/|$)/g
const DEADLINE_MS = 2_000

export interface FrontDoors {
  /**
   * An environment in which every such URL leads to where the load balancer listens, or will. To be asked last: a port of this machine
   * must not be taken for one of the container's. Throws NotStartable.
   */
  lead(env: Readonly<Record<string, string>>): Promise<Record<string, string>>
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

  async function led(value: string): Promise<string> {
    const ports = await Promise.all(
      [...value.matchAll(FRONT_DOOR)].map(([, scheme, port]) => portFor(port ?? (scheme === 'https' ? '443' : '80'))),
    )
    return value.replace(FRONT_DOOR, (_, scheme) => `${scheme}://127.0.0.1:${ports.shift()}`)
  }

  return {
    async lead(env) {
      const entries = Object.entries(env).map(async ([name, value]) => [name, await led(value)] as const)
      return Object.fromEntries(await Promise.all(entries))
    },
  }
}
