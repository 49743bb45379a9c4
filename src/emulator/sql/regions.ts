/** The global process's way to the regions' SQL hosts. Nothing here waits for a region that does not answer. */
import {GoogleError} from '../compute/google.ts'
import type {RegionLink, World} from '../contract.ts'
import {HttpError} from '../http.ts'
import {REGION_DEADLINE_MS, WORK_DEADLINE_MS} from './limits.ts'

/** A region's start takes longer than an answer may. */
const START_DEADLINE_MS = 40_000

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export interface Regions {
  /** A quick question or change. Throws 503 when the region is down or silent for five seconds. */
  ask<T>(region: string, method: Method, path: string, body?: unknown): Promise<T>
  /** Something that takes its time in a region that is up. */
  work<T>(region: string, method: Method, path: string, body?: unknown): Promise<T>
  /** As `work`, and starts the region when it does not run yet. */
  begin<T>(region: string, method: Method, path: string, body?: unknown): Promise<T>
  isUp(region: string): Promise<boolean>
}

export function regionsOf(world: World): Regions {
  const isUp = async (region: string) =>
    (await within(REGION_DEADLINE_MS, world.regions(), region)).some(({name, up}) => name === region && up)

  const call = async <T>(
    link: Promise<RegionLink>,
    region: string,
    args: [Method, string, unknown],
    deadlineMs: number,
  ) => {
    try {
      const found = await within(START_DEADLINE_MS, link, region)
      return await found.call<T>(...args, deadlineMs)
    } catch (error) {
      if (error instanceof GoogleError) throw error
      if (error instanceof HttpError) throw new GoogleError(error.status, 'backendError', messageOf(error))
      throw unreachable(region, error)
    }
  }

  /** A region that is down stays down: only an instance's creation starts one. */
  const running = async (region: string) => {
    if (!(await isUp(region))) throw unreachable(region, 'it is down')
    return world.region(region)
  }

  return {
    isUp,
    ask: (region, method, path, body) => call(running(region), region, [method, path, body], REGION_DEADLINE_MS),
    work: (region, method, path, body) => call(running(region), region, [method, path, body], WORK_DEADLINE_MS),
    begin: (region, method, path, body) => call(world.region(region), region, [method, path, body], WORK_DEADLINE_MS),
  }
}

/** Throws 503 when the region has not answered by then. */
export function within<T>(ms: number, promise: Promise<T>, region: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(unreachable(region, 'it does not answer')), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function unreachable(region: string, reason: unknown): GoogleError {
  const text = reason instanceof Error ? reason.message : String(reason)
  return new GoogleError(503, 'backendError', `Region ${region} cannot be reached: ${text}`)
}

function messageOf({body, message}: HttpError): string {
  const text = (body as {message?: unknown} | undefined)?.message
  return typeof text === 'string' ? text : message
}
