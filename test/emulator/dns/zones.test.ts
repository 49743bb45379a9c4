import {expect, test} from 'vitest'
import {canonicalText, recordProblems, stringsOf, zoneProblems} from '../../../src/emulator/dns/zones.ts'

test.each([
  ['plain', '"plain"', ['plain']],
  ['"quoted text"', '"quoted text"', ['quoted text']],
  ['two words', '"two" "words"', ['two', 'words']],
  ['"one" "two"', '"one" "two"', ['one', 'two']],
  ['"an \\" inside"', '"an \\" inside"', ['an " inside']],
  ['p:us-east1:db', '"p:us-east1:db"', ['p:us-east1:db']],
])('TXT data %s is given back as %s', (given, canonical, strings) => {
  expect(stringsOf(given)).toEqual(strings)
  expect(canonicalText(given)).toBe(canonical)
  expect(canonicalText(canonical)).toBe(canonical)
})

const RECORD = {name: 'db.app.ha.internal.', type: 'TXT', ttl: 5, rrdatas: ['"x"']}
const ZONE = {name: 'app', dnsName: 'app.ha.internal.', visibility: 'private'}

test('a record and a zone as ha declares them are accepted', () => {
  expect(recordProblems(RECORD)).toEqual([])
  expect(zoneProblems({...ZONE, privateVisibilityConfig: {networks: [{networkUrl: 'n'}]}})).toEqual([])
})

test.each([
  [{...RECORD, name: 'db.app.ha.internal'}, 'name'],
  [{...RECORD, type: 'NOPE'}, 'type'],
  [{...RECORD, ttl: -1}, 'ttl'],
  [{...RECORD, rrdatas: []}, 'rrdatas'],
  [{...RECORD, rrdatas: undefined}, 'rrdatas'],
  [{...RECORD, rrdatas: [`"${'x'.repeat(256)}"`]}, 'rrdatas[0]'],
])('record %j is refused for its %s', (record, property) => {
  expect(recordProblems(record).map((each) => each.property)).toContain(property)
})

test.each([
  [{...ZONE, name: 'Upper'}, 'name'],
  [{...ZONE, dnsName: 'no.dot'}, 'dnsName'],
  [{...ZONE, visibility: 'secret'}, 'visibility'],
  [{...ZONE, visibility: 'public', privateVisibilityConfig: {networks: []}}, 'privateVisibilityConfig'],
])('zone %j is refused for its %s', (zone, property) => {
  expect(zoneProblems(zone).map((each) => each.property)).toContain(property)
})
