/** The PostgreSQL servers of a platform as they are, asked each by itself: what they say counts, not what anything believes of them. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import pg from 'pg'

export interface ServerSeen {
  readonly instance: string
  readonly region: string
  readonly pid: number
  /** Leads to the application's database, as a user that may read everything in it. */
  readonly url: string
  /** Undefined: it does not answer. */
  readonly writable?: boolean
}

/** A user of the emulated instance that needs no password; the role owns the tables. */
const USER = 'rental-local-api%40rental-local.iam'

/** Every server that runs below the platform's folder. */
export async function serversOf(folder: string): Promise<readonly ServerSeen[]> {
  const regions = join(folder, '.ha/local/emulator/regions')
  const places = readdirSync(regions).flatMap((region) =>
    namesIn(join(regions, region, 'sql')).map((instance) => ({region, instance})),
  )
  const servers = places.flatMap(({region, instance}) => {
    const [pid, , , port] = linesOf(join(regions, region, 'sql', instance, 'data/postmaster.pid'))
    if (!pid || !port || !isAlive(Number(pid))) return []
    const url = `postgresql://${USER}@127.0.0.1:${port}/rental?options=-c%20role%3Drental_owner`
    return [{region, instance, url, pid: Number(pid)}]
  })
  return Promise.all(servers.map(async (server) => ({...server, ...(await isWritable(server.url))})))
}

async function isWritable(url: string): Promise<{writable?: boolean}> {
  const client = new pg.Client({connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 5_000})
  client.on('error', () => {})
  try {
    await client.connect()
    const {rows} = await client.query<{writable: boolean}>('SELECT NOT pg_is_in_recovery() AS writable')
    return {writable: rows[0]!.writable}
  } catch {
    return {}
  } finally {
    client.end().catch(() => {})
  }
}

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const linesOf = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
