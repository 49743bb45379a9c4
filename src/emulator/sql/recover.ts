/** A copy of an instance as it was: the base backup before that moment, rolled forward from the archive up to it. */
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {asAdmin, readPosition} from './admin.ts'
import {archiveDirOf, backupBefore} from './backups.ts'
import {cloneFrom, restoreFrom} from './build.ts'
import type {Instance} from './instance.ts'
import type {InstanceRecord} from './record.ts'
import {type ServerPlace, startServer} from './server.ts'
import {ADMIN} from './settings.ts'

/**
 * Fills the place with `source`'s data as of `at`, or as it is now. Leaves no server running. Throws when `at` lies outside the
 * recovery window. https://www.postgresql.org/docs/18/continuous-archiving.html
 */
export async function recoverTo(
  place: ServerPlace,
  record: InstanceRecord,
  source: Instance,
  at: string | undefined,
): Promise<void> {
  if (at === undefined) {
    await cloneFrom(place, source.upstream, 'copy')
    return
  }
  const from = join(place.folder, '..', source.record.name)
  const backup = await backupBefore(from, new Date(at).toISOString())
  if (!backup) throw new Error(`${source.record.name} cannot be recovered to ${at}: it has no backup from before`)
  if (source.record.spec.active) await archiveUntilNow(source, from)
  await restoreFrom(place, backup.file)
  const settings = {name: record.name, port: record.port, flags: {}}
  const server = await startServer(place, {...settings, recovery: {archive: archiveDirOf(from), targetTime: at}})
  try {
    await server.ready
    const upstream = {host: '127.0.0.1', port: record.port, user: ADMIN, password: record.password}
    while (await asAdmin(upstream, async (client) => (await readPosition(client)).inRecovery)) await sleep(50)
  } finally {
    await server.stop('fast')
  }
}

/** Recovery stops at the first commit after its target, so there must be one, and it must be in the archive. */
async function archiveUntilNow(source: Instance, folder: string): Promise<void> {
  const segment = await source.admin(async (client) => {
    await client.query('SELECT pg_current_xact_id()')
    const {rows} = await client.query('SELECT pg_walfile_name(pg_switch_wal()) AS segment')
    return rows[0].segment as string
  })
  const path = join(archiveDirOf(folder), segment)
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await sleep(50)) {
    if (existsSync(path) || existsSync(`${path}.gz`)) return
  }
  throw new Error(`The write-ahead log of ${source.record.name} is not being archived`)
}
