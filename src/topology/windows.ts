/** When planned operations are not to be begun. Pure. */
import type {BlockedWindow} from '../config/config.ts'

interface Moment {
  /** `YYYY-MM-DD`. */
  readonly date: string
  readonly minute: number
}

const DAY_MS = 86_400_000
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** What calendar and clock show in `zone`. */
function momentIn(zone: string, at: number): Moment {
  const format = new Intl.DateTimeFormat('en-CA', {
    ...{timeZone: zone, calendar: 'iso8601', numberingSystem: 'latn', hourCycle: 'h23'},
    ...{year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit'},
  })
  const part = Object.fromEntries(format.formatToParts(at).map(({type, value}) => [type, value]))
  return {date: `${part.year}-${part.month}-${part.day}`, minute: Number(part.hour) * 60 + Number(part.minute)}
}

const dayBefore = (date: string) => new Date(Date.parse(date) - DAY_MS).toISOString().slice(0, 10)

/** `at`: milliseconds since the epoch. Hours that go past midnight belong to the day they began on. */
export function isWithin({days, hours = {from: 0, to: 1440}, dates, zone}: BlockedWindow, at: number): boolean {
  const {date, minute} = momentIn(zone, at)
  const holds = (day: string) =>
    (days.length === 0 || days.includes(DAYS[new Date(day).getUTCDay()]!)) &&
    (!dates || (day >= dates.from && day <= dates.to))
  const {from, to} = hours
  if (from < to) return minute >= from && minute < to && holds(date)
  return (minute >= from && holds(date)) || (minute < to && holds(dayBefore(date)))
}

/** `on fri, sat from 18:00 to 06:00 (Europe/Zurich): nobody at work`. */
export function wordsOf({days, hours, dates, zone, reason}: BlockedWindow): string {
  const parts = [
    ...(dates ? [`between ${dates.from} and ${dates.to}`] : []),
    ...(days.length > 0 ? [`on ${days.join(', ')}`] : []),
    ...(hours ? [`from ${clock(hours.from)} to ${clock(hours.to)}`] : []),
  ]
  return `${parts.join(' ')} (${zone}): ${reason}`
}

const clock = (minutes: number) =>
  [Math.floor(minutes / 60), minutes % 60].map((n) => `${n}`.padStart(2, '0')).join(':')
