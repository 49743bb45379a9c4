/** Which deed each kind of step is. */
import type {Deed} from './means.ts'
import type {Step, StepInputs, StepKind} from './plan.ts'
import {captureDivergence} from './steps/divergence.ts'
import {fenceOld, writeFence} from './steps/fence.ts'
import {holdWriters, passWriters, raiseEpoch, wakeGates} from './steps/gate.ts'
import {promote, switchover} from './steps/promote.ts'
import {awaitRecovery, protect} from './steps/protect.ts'
import {reconcile} from './steps/reconcile.ts'
import {moveRecord} from './steps/record.ts'
import {redeliver} from './steps/redeliver.ts'
import {awaitLastRecord, awaitReplay, soak} from './steps/replay.ts'
import {replicate} from './steps/replicate.ts'
import {recordRoles, returnRegion} from './steps/roles.ts'
import {awaitHealthy, setShare} from './steps/rotation.ts'
import {stopPrimary, takeBackup} from './steps/stop.ts'
import {verifyPrimary} from './steps/verify.ts'

const DEEDS: {readonly [K in StepKind]: Deed<StepInputs[K]>} = {
  'take-backup': takeBackup,
  'write-fence': writeFence,
  'wake-gates': wakeGates,
  'hold-writers': holdWriters,
  'raise-epoch': raiseEpoch,
  'pass-writers': passWriters,
  'move-record': moveRecord,
  'stop-primary': stopPrimary,
  'await-last-record': awaitLastRecord,
  'await-replay': awaitReplay,
  promote,
  switchover,
  'verify-primary': verifyPrimary,
  'record-roles': recordRoles,
  'set-share': setShare,
  'await-healthy': awaitHealthy,
  replicate,
  protect,
  'await-recovery': awaitRecovery,
  redeliver,
  'fence-old': fenceOld,
  'capture-divergence': captureDivergence,
  'return-region': returnRegion,
  soak,
  reconcile,
}

export const deedOf = (step: Step): Deed<Step['input']> => DEEDS[step.kind] as Deed<Step['input']>
