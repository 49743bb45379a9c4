/** Regions and what may be promised with them. */
import {defaultObjectives} from '../defaults.ts'
import {AVAILABILITY_LIMIT, ONE_REGION_FLOOR, RPO_FLOOR, RTO_FLOOR} from '../limits.ts'
import {nearest} from '../nearest.ts'
import {REGION_ZONES} from '../regions.ts'
import {formatDuration, parseDuration, parsePercent} from '../units.ts'
import {itemsOf, type Rule, repeats} from './rule.ts'

export const regionsExist: Rule = ({draft, report}) => {
  for (const [index, region] of itemsOf(draft.regions)) {
    if (Object.hasOwn(REGION_ZONES, region)) continue
    const meant = nearest(region, Object.keys(REGION_ZONES))
    const hint = meant ? ` Did you mean ${meant}?` : ''
    const message = `${region} is not a region of Google Cloud that this ha knows.${hint}`
    report({code: 'REGION_UNKNOWN', path: ['regions', index], message, ...(meant && {instead: meant})})
  }
}

export const regionsDiffer: Rule = ({draft, report}) =>
  repeats(draft.regions, (region, index) => {
    report({code: 'REGION_DUPLICATE', path: ['regions', index], message: `${region} is already in the list.`})
  })

export const regionsSuffice: Rule = ({draft, preset, report}) => {
  const count = new Set(draft.regions).size
  if (draft.regions === undefined || count >= 2 || (preset === 'dev' && count === 1)) return
  const message =
    count === 0
      ? 'There must be at least one region.'
      : 'Surviving the loss of a region takes a second one; only the dev preset does without.'
  const other = draft.regions[0] === 'europe-west1' ? 'europe-west4' : 'europe-west1'
  const instead = `[${[...draft.regions, other].join(', ')}]`
  report({code: 'REGIONS_TOO_FEW', path: ['regions'], message, instead, involves: [['preset']]})
}

export const availabilityIsPossible: Rule = ({draft, preset, report}) => {
  const written = draft.objectives?.availability
  if (written === undefined) return
  const path = ['objectives', 'availability']
  const limit = AVAILABILITY_LIMIT[preset]
  const percent = parsePercent(written)
  if (percent >= 100 || percent <= 0) {
    const message = `Nothing is available ${written} of the time.`
    return report({code: 'AVAILABILITY_IMPOSSIBLE', path, message, instead: `${limit}%`})
  }
  if (percent <= limit) return
  const stronger = preset === 'critical' ? '' : ' A stronger preset promises more.'
  const message = `What the ${preset} preset is built of is promised for at most ${limit}%.${stronger}`
  report({code: 'AVAILABILITY_BEYOND_PRESET', path, message, instead: `${limit}%`, involves: [['preset']]})
}

export const objectivesAreWithinReach: Rule = ({draft, preset, report}) => {
  const regions = draft.regions?.length ?? 2
  const {rto, rpo} = {...defaultObjectives(regions), ...draft.objectives}
  const alone = regions < 2
  const involves = [['preset'], ['regions']]
  const leastRto = alone ? ONE_REGION_FLOOR.rto : RTO_FLOOR[preset]
  if (rto !== undefined && parseDuration(rto) < leastRto) {
    const least = formatDuration(leastRto)
    const message = alone
      ? `With one region only a restore is left, which takes ${least}.`
      : `The ${preset} preset takes at least ${least} to notice a lost region and move the primary.`
    report({code: 'RTO_TOO_STRICT', path: ['objectives', 'rto'], message, instead: least, involves})
  }
  const leastRpo = alone ? ONE_REGION_FLOOR.rpo : RPO_FLOOR
  if (rpo !== undefined && parseDuration(rpo) < leastRpo) {
    const least = formatDuration(leastRpo)
    const message = alone
      ? `With one region only the archived log is left, which is up to ${least} behind.`
      : `Replication between regions is asynchronous: less than ${least} of loss cannot be promised.`
    report({code: 'RPO_TOO_STRICT', path: ['objectives', 'rpo'], message, instead: least, involves})
  }
}
