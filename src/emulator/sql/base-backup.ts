/**
 * A base backup over the streaming replication protocol, which works across any wire and needs no pg_basebackup.
 * https://www.postgresql.org/docs/18/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 */
import {PassThrough} from 'node:stream'
import pg from 'pg'

export interface Upstream {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

interface RawConnection {
  query(text: string): void
  readonly stream: {pause(): void; resume(): void}
}

/**
 * The whole data folder as one tar stream, with the WAL that makes it consistent by itself. The stream fails with the server's
 * error, and when nothing arrives for `silenceMs`.
 */
export function streamBaseBackup(upstream: Upstream, label: string, silenceMs = 30_000): PassThrough {
  const output = new PassThrough({highWaterMark: 1 << 20})
  const client = new pg.Client({
    ...upstream,
    database: 'postgres',
    connectionTimeoutMillis: silenceMs,
    // Absent from the types: starts a walsender instead of an ordinary session.
    ...({replication: 'true'} as object),
  })
  const timer = setTimeout(() => output.destroy(new Error(`No data from ${upstream.host}:${upstream.port}`)), silenceMs)
  client.on('error', (error) => output.destroy(error))
  // It may fail before anybody reads; whoever reads later is told then.
  output.on('error', () => {})
  output.once('close', () => {
    clearTimeout(timer)
    client.end().catch(() => {})
  })
  const start = async () => {
    await client.connect()
    const text = `BASE_BACKUP (LABEL '${label.replaceAll("'", '')}', CHECKPOINT 'fast', WAL true, WAIT false, MANIFEST 'no')`
    client.query(backupQuery(text, output, () => timer.refresh()))
  }
  start().catch((error) => output.destroy(error))
  return output
}

/** What pg's client asks of a query: the copy messages are ours, the result sets about positions are not needed. */
function backupQuery(text: string, output: PassThrough, alive: () => void) {
  const ignore = () => {}
  let full = false
  return {
    submit: (connection: RawConnection) => connection.query(text),
    handleCopyData: ({chunk}: {chunk: Buffer}, connection: RawConnection) => {
      alive()
      // 'd' is archive content; 'n' names the archive, 'p' tells progress.
      if (chunk[0] !== 0x64 || output.destroyed) return
      // What was received already still comes after a pause.
      if (output.write(Buffer.from(chunk.subarray(1))) || full) return
      full = true
      connection.stream.pause()
      output.once('drain', () => {
        full = false
        connection.stream.resume()
      })
    },
    handleError: (error: Error) => output.destroy(error),
    handleReadyForQuery: () => output.end(),
    handleRowDescription: ignore,
    handleDataRow: ignore,
    handleCommandComplete: ignore,
    handleEmptyQuery: ignore,
    handlePortalSuspended: ignore,
    // Read by the client on any query.
    callback: ignore,
  }
}
