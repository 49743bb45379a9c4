/** Resources of the emulated cloud, on disk before the call that made them returns. */
import {mkdirSync} from 'node:fs'
import {dirname} from 'node:path'
import {DatabaseSync} from 'node:sqlite'
import type {Props, Records} from './contract.ts'

export interface RecordStore extends Records {
  close(): void
}

/** Opens (or makes) the store in `file`. Throws when the file is not one of ours or the disk is full. */
export function openRecords(file: string): RecordStore {
  mkdirSync(dirname(file), {recursive: true})
  const db = new DatabaseSync(file)
  // FULL: a commit is on disk when it returns, also after a power cut. https://sqlite.org/pragma.html#pragma_synchronous
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 1000000;
    CREATE TABLE IF NOT EXISTS record (token TEXT, id TEXT, outputs TEXT NOT NULL, PRIMARY KEY (token, id)) WITHOUT ROWID`)
  const put = db.prepare('INSERT INTO record VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET outputs = excluded.outputs')
  const get = db.prepare('SELECT outputs FROM record WHERE token = ? AND id = ?')
  const list = db.prepare('SELECT id, outputs FROM record WHERE token = ? ORDER BY id')
  const remove = db.prepare('DELETE FROM record WHERE token = ? AND id = ?')
  const parse = (outputs: unknown) => JSON.parse(outputs as string) as Props
  return {
    put(token, id, outputs) {
      put.run(token, id, JSON.stringify(outputs))
    },
    get(token, id) {
      const row = get.get(token, id)
      return row && parse(row.outputs)
    },
    list(token) {
      return list.all(token).map((row) => ({id: row.id as string, outputs: parse(row.outputs)}))
    },
    delete(token, id) {
      remove.run(token, id)
    },
    close() {
      db.close()
    },
  }
}
