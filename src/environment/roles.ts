import type {Cloud} from '../cloud/cloud.ts'
import {HaError} from '../errors.ts'
import {writeRoles} from '../store/documents.ts'
import type {Environment} from './environment.ts'
import {readFences} from './fences.ts'

/**
 * Roles are facts: what the database API says must be what the store recorded, else nothing may be changed.
 * @throws HaError ROLES_DISAGREE, CLOUD_UNREACHABLE
 */
export async function assertRolesAgree(
  cloud: Cloud,
  {topology, roles, store}: Pick<Environment, 'topology' | 'roles' | 'store'>,
): Promise<void> {
  if (!topology.database) return
  // One that was fenced is a primary in name only: no record leads to it.
  const fenced = new Set((await readFences(store)).map(({instance}) => instance))
  const ours = new Map(topology.database.instances.map(({name, region}) => [name, region]))
  const primaries = (await cloud.instances(topology.project)).filter(
    ({name, role}) => ours.has(name) && role === 'primary' && !fenced.has(name),
  )
  if (primaries.length === 0) return
  const regions = primaries.map(({name}) => ours.get(name)!)
  if (regions.length === 1 && regions[0] === roles.primary) return
  throw new HaError(
    'ROLES_DISAGREE',
    regions.length > 1
      ? `Two primaries: ${regions.join(' and ')} both accept writes. Nothing was changed.`
      : `The primary is in ${regions[0]}, but the last operation recorded ${roles.primary}. Nothing was changed.`,
    {
      next: [
        'Look at it first: ha status',
        'A change made past ha must be undone, or its roles recorded, before the next deploy.',
      ],
    },
  )
}

/** Records the roles when this is the first deploy, or a region was added. */
export async function recordRoles({store, roles, recordedRoles}: Environment): Promise<void> {
  if (JSON.stringify(recordedRoles?.value) !== JSON.stringify(roles)) await writeRoles(store, roles, recordedRoles)
}
