import {fileURLToPath} from 'node:url'
import {HaError} from '../errors.ts'
import {fileStore} from './files.ts'
import type {Store} from './store.ts'

/**
 * The store at `url` (`file:///…/.ha/local`); its documents lie in `<url>/store`, beside the engine's state.
 * Throws TARGET_UNSUPPORTED for a scheme that has no implementation.
 */
export function openStore({url}: {readonly url: string}): Store {
  if (url.startsWith('file://')) return fileStore(`${fileURLToPath(url).replace(/\/$/, '')}/store`)
  throw new HaError('TARGET_UNSUPPORTED', `State cannot be kept at ${url}.`, {
    next: ['Use a file:// URL, or leave `state` out: it is then kept below .ha/ beside ha.yaml.'],
  })
}
