/** The instances of the emulated project, on record. */
import {GoogleError} from '../compute/google.ts'
import type {Props, Records} from '../contract.ts'
import {NAME_BLOCKED_MS} from './limits.ts'
import {type InstanceResource, masterOf, type Stored} from './resource.ts'

export const INSTANCE_TOKEN = 'gcp:sql/databaseInstance:DatabaseInstance'
const DELETED_TOKEN = 'sql#deletedInstance'

export class Instances {
  readonly #records: Records

  constructor(records: Records) {
    this.#records = records
  }

  find(name: string): Stored | undefined {
    return this.#records.get(INSTANCE_TOKEN, name) as unknown as Stored | undefined
  }

  /** Throws 404 as the API does. */
  get(name: string, project?: string): Stored {
    const stored = this.find(name)
    if (stored && (project === undefined || stored.resource.project === project)) return stored
    throw new GoogleError(404, 'instanceDoesNotExist', 'The Cloud SQL instance does not exist.')
  }

  list(project?: string): Stored[] {
    const all = this.#records.list(INSTANCE_TOKEN).map(({outputs}) => outputs as unknown as Stored)
    return project === undefined ? all : all.filter(({resource}) => resource.project === project)
  }

  replicasOf(name: string): Stored[] {
    return this.list().filter(({resource}) => masterOf(resource) === name)
  }

  put(stored: Stored): Stored {
    this.#records.put(INSTANCE_TOKEN, stored.resource.name, stored as unknown as Props)
    return stored
  }

  /** Changes fields of the resource; undefined removes one. Every change of an instance counts up its settings' version. */
  change(name: string, fields: Partial<{[K in keyof InstanceResource]: InstanceResource[K] | undefined}>): Stored {
    const stored = this.get(name)
    const merged = Object.entries({...stored.resource, ...fields}).filter(([, value]) => value !== undefined)
    const resource = Object.fromEntries(merged) as unknown as InstanceResource
    const settingsVersion = String(Number(stored.resource.settings.settingsVersion ?? 0) + 1)
    return this.put({...stored, resource: {...resource, settings: {...resource.settings, settingsVersion}}})
  }

  /** Forgets it; its name stays blocked for a week once it has been in use. */
  remove(name: string, now: number | undefined): void {
    this.#records.delete(INSTANCE_TOKEN, name)
    if (now !== undefined) this.#records.put(DELETED_TOKEN, name, {at: now})
  }

  isBlocked(name: string, now: number): boolean {
    const deleted = this.#records.get(DELETED_TOKEN, name)
    return deleted !== undefined && now - Number(deleted.at) < NAME_BLOCKED_MS
  }
}
