import {each, of, type Rule} from '../rule.ts'

/** Beginning of an alert's name → what it is about; each must be there when the platform has such a thing. */
const ALWAYS = ['quota', 'pods-pending', 'error-budget-fast', 'error-budget-slow', 'certificate', 'front-door']
const DATABASE = [
  'replica-lag',
  'replica-silent',
  'database-down',
  'database-disk',
  'database-connections',
  'database-archive',
]

export const monitoring: readonly Rule[] = [
  {
    says: 'Somebody is told of a region that is out or fails, a burning budget, lag beyond the rpo and its absence, a database that is down, stuck queues, dead letters, a dying certificate, quotas',
    violations: ({topology, resources}) => {
      const names = new Set(of(resources, 'AlertPolicy').map(({name}) => name))
      const wanted = [
        ...ALWAYS,
        ...(topology.database ? DATABASE : []),
        ...topology.queues.flatMap((queue) => [`${queue.subscription}-age`, `${queue.deadLetterSubscription}-any`]),
        ...topology.regions.flatMap(({name}) => [`errors-${name}`, `region-out-${name}`]),
      ]
      return wanted.filter((name) => !names.has(name))
    },
    plant: (copy) => {
      const at = copy.findIndex(({type, name}) => /AlertPolicy$/.test(type) && name === 'quota')
      copy.splice(at, 1)
      return true
    },
  },
  each(
    'Every alert reaches somebody and says what to do first',
    ['AlertPolicy'],
    ({notificationChannels, documentation}) => !(notificationChannels.length > 0 && documentation.content) && 'silent',
    (inputs) => {
      inputs.notificationChannels = []
    },
  ),
  each(
    'No alert waits for its metric’s first value to be made',
    ['AlertPolicy'],
    ({conditions}) =>
      conditions.some(
        (c: {conditionPrometheusQueryLanguage?: {disableMetricValidation?: boolean}}) =>
          !c.conditionPrometheusQueryLanguage?.disableMetricValidation,
      ) && 'validated',
    ({conditions}) => {
      delete conditions[0].conditionPrometheusQueryLanguage.disableMetricValidation
    },
  ),
  each(
    'Objectives stay within what Google’s API takes',
    ['Slo'],
    ({goal, rollingPeriodDays}) =>
      !(goal > 0 && goal <= 0.9999 && rollingPeriodDays >= 1 && rollingPeriodDays <= 30) && `goal ${goal}`,
    (inputs) => {
      inputs.goal = 0.99995
    },
  ),
  each(
    'The front door is asked from at least three continents',
    ['UptimeCheckConfig'],
    ({selectedRegions}) => selectedRegions.length < 3 && 'too few',
    ({selectedRegions}) => {
      selectedRegions.pop()
    },
  ),
  each(
    'The dashboard is JSON whose tiles stay on the page and on no other tile',
    ['Dashboard'],
    ({dashboardJson}) => {
      const {mosaicLayout} = JSON.parse(dashboardJson) as {
        mosaicLayout: {columns: number; tiles: {xPos: number; yPos: number; width: number}[]}
      }
      const places = mosaicLayout.tiles.map(({xPos, yPos}) => `${xPos} ${yPos}`)
      const outside = mosaicLayout.tiles.some(({xPos, width}) => xPos + width > mosaicLayout.columns)
      return (outside || new Set(places).size !== places.length) && 'tiles'
    },
    (inputs) => {
      const board = JSON.parse(inputs.dashboardJson)
      board.mosaicLayout.tiles.push(board.mosaicLayout.tiles[0])
      inputs.dashboardJson = JSON.stringify(board)
    },
  ),
]
