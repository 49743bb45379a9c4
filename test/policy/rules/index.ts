import type {Rule} from '../rule.ts'
import {clusters} from './clusters.ts'
import {database} from './database.ts'
import {gates} from './gates.ts'
import {identity} from './identity.ts'
import {independence} from './independence.ts'
import {inputs} from './inputs.ts'
import {messaging} from './messaging.ts'
import {metrics} from './metrics.ts'
import {monitoring} from './monitoring.ts'
import {network} from './network.ts'
import {observers} from './observers.ts'
import {protection} from './protection.ts'
import {workloads} from './workloads.ts'

export const RULES: readonly Rule[] = [
  ...observers,
  ...metrics,
  ...gates,
  ...protection,
  ...identity,
  ...network,
  ...clusters,
  ...database,
  ...messaging,
  ...workloads,
  ...monitoring,
  ...independence,
  ...inputs,
]
