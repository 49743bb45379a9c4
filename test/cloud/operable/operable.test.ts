/** The rules of the port on the cloud in memory; on the emulator and on Google: test/e2e/operable.test.ts. */
import {openMemory} from './memory.ts'
import {operableRules} from './rules.ts'

operableRules('the cloud in memory', openMemory)
