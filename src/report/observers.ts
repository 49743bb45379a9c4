/** What `ha status` shows of the observers: how far behind each region is by heartbeats, and what a client meets. Pure. */
import type {RegionSeen} from '../cloud/cloud.ts'
import type {CanaryFacts, Facts} from '../facts.ts'
import {bytes, duration, table} from './format.ts'
import type {Style} from './style.ts'

/** Empty where none runs. */
export function observerLines(regions: readonly RegionSeen[], style: Style): string[] {
  const rows = regions.flatMap(({name, observer}) =>
    observer === undefined
      ? []
      : [[name, ...('seen' in observer ? cells(observer.seen, style) : [style('warn', 'no answer')])]],
  )
  if (rows.length === 0) return []
  return ['', ...table([['OBSERVER', 'HEARTBEAT LAG', 'BEHIND', 'READ', 'WRITE', 'OTHER REGIONS'], ...rows], '  ')]
}

function cells({lag, primary, canaries, peers}: Facts, style: Style): string[] {
  const silent = peers.filter(({isReachable}) => !isReachable)
  return [
    lag ? `${lag.seconds.toFixed(1)} s` : primary.failing ? style('bad', failing(primary.failing.forMs)) : '–',
    lag?.bytes === undefined ? '–' : bytes(lag.bytes),
    canary(canaries.read, style),
    canary(canaries.write, style),
    silent.length === 0
      ? `${peers.length > 0 ? 'all answer' : '–'}`
      : silent.map(({region, forMs}) => style('bad', `${region} silent for ${duration(forMs)}`)).join(', '),
  ]
}

const failing = (ms: number) => `no primary for ${duration(ms)}`

function canary(facts: CanaryFacts | undefined, style: Style): string {
  if (!facts) return '–'
  return facts.isWell ? `${facts.ms} ms` : style('bad', facts.answer)
}
