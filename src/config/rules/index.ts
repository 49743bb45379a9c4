/** Every rule beyond shape. Order does not matter: problems are sorted by their place in the file. */
import {migratorExists, recoveryIsKept, storageFits} from './database.ts'
import {imagesAreExact} from './images.ts'
import {metricsAreExact} from './metrics.ts'
import {namesFit} from './names.ts'
import {observerHasDatabase, observerIsExact, observerNameIsFree} from './observer.ts'
import {windowDaysDiffer, windowsEnd, windowZonesExist} from './operations.ts'
import {cloudHasDomain, cloudHasProject} from './placement.ts'
import {queuesAreWithinLimits, retriesAreOrdered} from './queues.ts'
import {
  availabilityIsPossible,
  objectivesAreWithinReach,
  regionsDiffer,
  regionsExist,
  regionsSuffice,
} from './regions.ts'
import type {Rule} from './rule.ts'
import {
  consumedQueuesExist,
  drainFitsGrace,
  graceIsWithinReason,
  httpHasPort,
  pathsDiffer,
  probedWorkerHasPort,
  replicasAddUp,
  settingsFitType,
  someServiceAnswers,
  workersConsume,
} from './services.ts'
import {secretsAreNamed, variablesAreFree} from './variables.ts'

export const RULES: readonly Rule[] = [
  regionsSuffice,
  regionsDiffer,
  regionsExist,
  availabilityIsPossible,
  objectivesAreWithinReach,
  cloudHasProject,
  cloudHasDomain,
  someServiceAnswers,
  httpHasPort,
  probedWorkerHasPort,
  settingsFitType,
  workersConsume,
  consumedQueuesExist,
  replicasAddUp,
  drainFitsGrace,
  graceIsWithinReason,
  pathsDiffer,
  imagesAreExact,
  variablesAreFree,
  secretsAreNamed,
  queuesAreWithinLimits,
  retriesAreOrdered,
  recoveryIsKept,
  storageFits,
  migratorExists,
  observerIsExact,
  observerHasDatabase,
  observerNameIsFree,
  windowsEnd,
  windowDaysDiffer,
  windowZonesExist,
  metricsAreExact,
  namesFit,
]
