/**
 * What must survive, in one SQLite file. Writes gather in a transaction; a commit only writes to the WAL (`synchronous = NORMAL`), then
 * the WAL is fsynced off the event loop, one fsync for all that gathered meanwhile. So nothing blocks on the disk, and `durable()`
 * means what it says: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous
 */
import {closeSync, fdatasync, fdatasyncSync, mkdirSync, openSync} from 'node:fs'
import {join} from 'node:path'
import {DatabaseSync, type SQLInputValue, type StatementSync} from 'node:sqlite'
import type {Content} from './message.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS document (kind TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, topic INTEGER NOT NULL, published INTEGER NOT NULL,
    key TEXT NOT NULL, size INTEGER NOT NULL, attributes TEXT NOT NULL, data BLOB);
  CREATE INDEX IF NOT EXISTS message_by_topic ON message (topic, published);
  CREATE TABLE IF NOT EXISTS pending (subscription INTEGER, message INTEGER, failures INTEGER NOT NULL,
    PRIMARY KEY (subscription, message)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS held (message INTEGER, snapshot TEXT, PRIMARY KEY (message, snapshot)) WITHOUT ROWID;`

const WRITES = {
  putDocument: 'INSERT INTO document VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body',
  dropDocument: 'DELETE FROM document WHERE kind = ? AND name = ?',
  putMessage: 'INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)',
  dropMessage: 'DELETE FROM message WHERE id = ?',
  putPending: 'INSERT OR IGNORE INTO pending VALUES (?, ?, 0)',
  countFailures: 'UPDATE pending SET failures = ? WHERE subscription = ? AND message = ?',
  dropPending: 'DELETE FROM pending WHERE subscription = ? AND message = ?',
  dropAllPending: 'DELETE FROM pending WHERE subscription = ? AND message <= ?',
  hold: 'INSERT OR IGNORE INTO held SELECT message, ? FROM pending WHERE subscription = ?',
  dropHeld: 'DELETE FROM held WHERE snapshot = ?',
} as const

const READS = {
  documents: 'SELECT name, body FROM document WHERE kind = ?',
  pending: 'SELECT message, failures FROM pending WHERE subscription = ? ORDER BY message',
  message: 'SELECT id, topic, published, key, size FROM message WHERE id = ?',
  content: 'SELECT attributes, data FROM message WHERE id = ?',
  since: 'SELECT id FROM message WHERE topic = ? AND published >= ? ORDER BY id',
  after: 'SELECT id FROM message WHERE topic = ? AND id > ? ORDER BY id',
  heldBy: 'SELECT message AS id FROM held WHERE snapshot = ? ORDER BY message',
  isHeld: 'SELECT 1 FROM held WHERE message = ? LIMIT 1',
  olderThan: 'SELECT id FROM message WHERE topic = ? AND published < ? ORDER BY id',
  oldest: 'SELECT min(published) AS published FROM message WHERE topic = ?',
  idsFrom: 'SELECT id FROM message WHERE id > ? ORDER BY id LIMIT 1000',
  count: 'SELECT count(*) AS count FROM message',
  lastId: 'SELECT max(id) AS id FROM message',
} as const

/** In pages: the WAL is folded into the file at this size, so both stay small. */
const CHECKPOINT_PAGES = 1_000
const PAGE_BYTES = 4_096

type Row = Record<string, SQLInputValue>

export class Store {
  readonly #db: DatabaseSync
  readonly #wal: number
  readonly #writes = new Map<keyof typeof WRITES, StatementSync>()
  readonly #reads = new Map<keyof typeof READS, StatementSync>()
  #gathering = false
  #syncing = false
  #scheduled = false
  #closed = false
  #waiting: {done: () => void; fail: (reason: unknown) => void}[] = []

  /** Opens or makes `<dir>/messages.db`. Throws when another process has it open, it is not ours, or the disk is full. */
  constructor(dir: string) {
    mkdirSync(dir, {recursive: true})
    const file = join(dir, 'messages.db')
    this.#db = new DatabaseSync(file)
    // EXCLUSIVE keeps a second emulator out of the same folder and needs no shared memory; it must come before WAL.
    this.#db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${CHECKPOINT_PAGES * PAGE_BYTES};
      PRAGMA cache_size = -2048; ${SCHEMA}`)
    // The transaction makes the WAL exist; SQLite keeps the same file until it is closed, so this descriptor stays good.
    this.#db.exec('BEGIN IMMEDIATE; PRAGMA user_version = 1; COMMIT')
    this.#wal = openSync(`${file}-wal`, 'r+')
  }

  /** Adds a write to the transaction under way. Throws what SQLite throws (a full disk); whoever awaits `durable()` is then told too. */
  write(name: keyof typeof WRITES, ...values: SQLInputValue[]): void {
    if (!this.#gathering) {
      this.#db.exec('BEGIN')
      this.#gathering = true
      this.#schedule()
    }
    try {
      this.#statement(this.#writes, WRITES, name).run(...values)
    } catch (error) {
      this.#abandon(error)
      throw error
    }
  }

  /** Resolves when all that was written so far is on disk; rejects when it could not be written, and then none of it was. */
  durable(): Promise<void> {
    return new Promise((done, fail) => {
      this.#waiting.push({done, fail})
      this.#schedule()
    })
  }

  /** Rows, the transaction under way included. */
  read(name: keyof typeof READS, ...values: SQLInputValue[]): Row[] {
    return this.#statement(this.#reads, READS, name).all(...values) as Row[]
  }

  content(id: number): Content | undefined {
    const row = this.read('content', id)[0]
    return row && {attributes: JSON.parse(row.attributes as string), data: (row.data ?? new Uint8Array()) as Uint8Array}
  }

  /** Number of messages stored. */
  messages(): number {
    return this.read('count')[0]!.count as number
  }

  /** Bytes of the file that hold something. */
  bytes(): number {
    return (this.#pragma('page_count') - this.#pragma('freelist_count')) * PAGE_BYTES
  }

  /** Gives freed pages back to the file system, a bounded number at a time. */
  vacuum(): void {
    if (this.#gathering || this.#pragma('freelist_count') < CHECKPOINT_PAGES) return
    this.#db.exec(`PRAGMA incremental_vacuum(${CHECKPOINT_PAGES * 4})`)
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Writes what is left and closes the file. Safe to call twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#gathering) this.#db.exec('COMMIT')
    fdatasyncSync(this.#wal)
    closeSync(this.#wal)
    this.#db.close()
    for (const {done} of this.#waiting.splice(0)) done()
  }

  #schedule(): void {
    if (this.#scheduled || this.#syncing) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#closed) return
    try {
      if (this.#gathering) this.#db.exec('COMMIT')
      this.#gathering = false
    } catch (error) {
      this.#abandon(error)
      return
    }
    const waiting = this.#waiting.splice(0)
    this.#syncing = true
    fdatasync(this.#wal, (error) => {
      this.#syncing = false
      for (const {done, fail} of waiting) error && !this.#closed ? fail(error) : done()
      if (!this.#closed && (this.#gathering || this.#waiting.length > 0)) this.#schedule()
    })
  }

  #abandon(reason: unknown): void {
    this.#gathering = false
    try {
      this.#db.exec('ROLLBACK')
    } catch {
      // SQLite had done so itself, as it does when the disk is full: https://sqlite.org/lang_transaction.html
    }
    for (const {fail} of this.#waiting.splice(0)) fail(reason)
  }

  #statement<K extends string>(cache: Map<K, StatementSync>, texts: Record<K, string>, name: K): StatementSync {
    let statement = cache.get(name)
    if (!statement) {
      statement = this.#db.prepare(texts[name])
      cache.set(name, statement)
    }
    return statement
  }

  #pragma(name: 'page_count' | 'freelist_count'): number {
    return this.#db.prepare(`PRAGMA ${name}`).get()?.[name] as number
  }
}
