import {fileURLToPath} from 'node:url'
import {HaError} from '../errors.ts'
import {type Access, type Bucket, openBucket} from './bucket.ts'
import {fileStore} from './files.ts'
import {gcsStore} from './gcs.ts'
import type {Store} from './store.ts'

export interface Place {
  readonly url: string
  /** For `gs://`: how Cloud Storage is reached. */
  readonly access?: Access | undefined
}

/**
 * The store at `url` (`file:///…/.ha/local`, `gs://bucket/folder`); its documents lie in `<url>/store`, beside the engine's state.
 * Throws TARGET_UNSUPPORTED for a scheme that has no implementation.
 */
export function openStore({url, access}: Place): Store {
  if (url.startsWith('file://')) return fileStore(`${fileURLToPath(url).replace(/\/$/, '')}/store`)
  if (url.startsWith('gs://')) {
    const {bucket, folder} = openGcs(url, access)
    return gcsStore(bucket, `${folder}store/`)
  }
  throw new HaError('TARGET_UNSUPPORTED', `State cannot be kept at ${url}.`, {
    next: ['Use gs:// or file://, or leave `state` out: it is then kept below .ha/ beside ha.yaml.'],
  })
}

/** Bucket and object prefix (empty, or ending with `/`) of a `gs://` URL. */
export function openGcs(url: string, access: Access | undefined): {bucket: Bucket; folder: string} {
  const [, name = '', path = ''] = /^gs:\/\/([^/]+)\/?(.*)$/.exec(url) ?? []
  if (access === undefined) throw new HaError('BUG', `${url} was opened without a way to Cloud Storage.`)
  const folder = path.replace(/\/+$/, '')
  return {bucket: openBucket(name, access), folder: folder === '' ? '' : `${folder}/`}
}
