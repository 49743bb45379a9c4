/** The database: how far back, how large, and who migrates it. */
import {RECOVERY_LIMIT_DAYS, STORAGE_LIMITS} from '../limits.ts'
import {nearest} from '../nearest.ts'
import {parseDuration, parseSize} from '../units.ts'
import type {Rule} from './rule.ts'

const DAY = 86_400

export const recoveryIsKept: Rule = ({draft, preset, report}) => {
  const window = draft.database?.recovery?.window
  if (window === undefined) return
  const limit = RECOVERY_LIMIT_DAYS[preset]
  const seconds = parseDuration(window)
  if (seconds % DAY === 0 && seconds >= DAY && seconds <= limit * DAY) return
  const message = `The ${preset} preset restores to any moment of the last 1d to ${limit}d, in whole days.`
  const instead = seconds < DAY ? '1d' : `${Math.min(limit, Math.ceil(seconds / DAY))}d`
  report({
    code: 'RECOVERY_OUT_OF_RANGE',
    path: ['database', 'recovery', 'window'],
    message,
    instead,
    involves: [['preset']],
  })
}

export const storageFits: Rule = ({draft, report}) => {
  const storage = draft.database?.storage
  if (storage === undefined) return
  const gib = parseSize(storage)
  if (gib >= STORAGE_LIMITS.min && gib <= STORAGE_LIMITS.max) return
  const message = 'Cloud SQL disks have 10GiB to 64TiB.'
  const instead = gib < STORAGE_LIMITS.min ? '10GiB' : '64TiB'
  report({code: 'STORAGE_OUT_OF_RANGE', path: ['database', 'storage'], message, instead})
}

export const migratorExists: Rule = ({draft, report}) => {
  const service = draft.database?.migrate?.service
  const services = Object.keys(draft.services ?? {})
  if (service === undefined || draft.services === undefined || services.includes(service)) return
  const meant = nearest(service, services) ?? services[0]
  const message = `There is no service ${service} to run the migration.`
  const path = ['database', 'migrate', 'service']
  report({
    code: 'MIGRATE_SERVICE_UNDEFINED',
    path,
    message,
    ...(meant && {instead: meant}),
    involves: [['services', service]],
  })
}
