/** How Google's APIs are called: where they are, as which project, and with whose word. */
import type {Clock} from '../clock.ts'
import {type Call, withToken} from './rest.ts'
import type {Wires} from './wires.ts'

export interface Place {
  readonly wires: Wires
  readonly project: string
  readonly clock: Clock
}

export interface Reach extends Place {
  /** Call options with the token of now. */
  signed(call?: Call): Promise<Call>
}

export const reachOf = <P extends Place>(place: P): P & Reach => ({
  ...place,
  signed: async (call = {}) => ({...call, ...withToken(await place.wires.token?.())}),
})
