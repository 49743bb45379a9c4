/** Operations: windows in which none is begun must name days that there are, a zone that there is, and an end. */
import type {Path} from '../located.ts'
import {nearest} from '../nearest.ts'
import {itemsOf, type Rule, repeats, type Scope} from './rule.ts'

const WEEK = 7

const windowsOf = ({draft}: Scope) =>
  itemsOf(draft.operations?.blocked).map(([index, window]) => {
    const path: Path = ['operations', 'blocked', index]
    return {path, window}
  })

export const windowsEnd: Rule = (scope) => {
  const {report} = scope
  for (const {path, window} of windowsOf(scope)) {
    const {days, hours, from, to} = window
    for (const [key, date] of Object.entries({from, to})) {
      if (date === undefined || date <= lastOfMonth(date)) continue
      const message = `There is no ${date}.`
      report({code: 'DATE_INVALID', path: [...path, key], message, instead: lastOfMonth(date)})
    }
    const [one, other] = from === undefined ? ['to', 'from'] : ['from', 'to']
    if ((from === undefined) !== (to === undefined)) {
      const message = `A freeze has a first and a last day; this one has no ${other}.`
      const instead = `${other}: ${from ?? to}`
      const involves = [[...path, other]]
      report({code: 'WINDOW_ENDLESS', path: [...path, one], of: 'key', message, instead, involves})
    } else if (from !== undefined && to !== undefined && to < from) {
      const message = `It ends on ${to}, before it begins.`
      report({code: 'WINDOW_BACKWARDS', path: [...path, 'to'], message, instead: from, involves: [[...path, 'from']]})
    } else if (from === undefined && hours === undefined && (days === undefined || new Set(days).size === WEEK)) {
      const message = 'It blocks at all times; say on which days, in which hours, or from when to when.'
      report({code: 'WINDOW_ENDLESS', path, message, instead: 'days: [sat, sun]'})
    }
    if (hours === undefined || hours.slice(0, 5) !== hours.slice(6)) continue
    const message = `It ends at ${hours.slice(6)}, when it begins.`
    report({code: 'WINDOW_BACKWARDS', path: [...path, 'hours'], message, instead: '00:00-24:00'})
  }
}

function lastOfMonth(date: string): string {
  const [year, month] = date.split('-').map(Number)
  return new Date(Date.UTC(year!, month!, 0)).toISOString().slice(0, 10)
}

export const windowDaysDiffer: Rule = (scope) => {
  for (const {path, window} of windowsOf(scope)) {
    repeats(window.days, (day, index) => {
      const message = `${day} is already in the list.`
      scope.report({code: 'DAY_DUPLICATE', path: [...path, 'days', index], message})
    })
  }
}

export const windowZonesExist: Rule = (scope) => {
  for (const {path, window} of windowsOf(scope)) {
    const {zone} = window
    if (zone === undefined || isZone(zone)) continue
    const meant = nearest(zone, ['UTC', ...Intl.supportedValuesOf('timeZone')])
    const message = `${zone} is not a time zone.${meant ? ` Did you mean ${meant}?` : ''}`
    scope.report({code: 'ZONE_UNKNOWN', path: [...path, 'zone'], message, instead: meant ?? 'UTC'})
  }
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', {timeZone: zone})
    return true
  } catch {
    return false
  }
}
