import {systemClock} from '../../src/clock.ts'
import {selfMark} from '../../src/process.ts'
import type {LockRequest} from '../../src/store/lock.ts'
import type {Store} from '../../src/store/store.ts'

/** What a deploy of this very process asks for, without waiting. */
export const lockRequest = (store: Store, more: Partial<LockRequest> = {}): LockRequest => ({
  store,
  owner: 'ann',
  process: selfMark(),
  operation: 'deploy',
  run: 'run-1',
  timeoutMs: 0,
  clock: systemClock,
  emit: () => {},
  ...more,
})
