/** What clients send, checked at the door. */
import {Refused} from './http.js'

export function aText(value, name) {
  if (typeof value === 'string' && /^[^\p{Cc}]{1,200}$/u.test(value) && value.trim() !== '') return value
  throw new Refused(`${name} must be text of 1 to 200 characters.`)
}

export function aDate(value, name) {
  const time = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(value)) return value
  throw new Refused(`${name} must be a date such as 2030-05-01.`)
}

export function aCount(value, name, max) {
  if (Number.isInteger(value) && value > 0 && value <= max) return value
  throw new Refused(`${name} must be a whole number from 1 to ${max}.`)
}

export function aUuid(value, name) {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return value
  throw new Refused(`${name} must be a UUID.`)
}
