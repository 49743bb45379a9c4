/** The leaves that the schema of ha.yaml is made of, each naming what it expects, and how they are described. */
import * as z from 'zod/mini'
import type {Expectation} from './expected.ts'
import {DURATION} from './units.ts'

/** For the JSON Schema. Registered rather than checked: a check would copy the schema and run with every parse. */
export const DOCS = z.globalRegistry
export const says = (description: string, examples?: readonly unknown[]) => ({
  description,
  ...(examples && {examples: [...examples]}),
})

export const text = (expected: Expectation, pattern: RegExp) =>
  z.string({error: expected}).check(z.regex(pattern, {error: expected}))
export const whole = (expected: Expectation, min: number, max: number) =>
  z.int({error: expected}).check(z.gte(min, {error: expected}), z.lte(max, {error: expected}))
export const flag = () => z.boolean({error: 'flag'})
export const choice = <const T extends readonly [string, ...string[]]>(...choices: T) =>
  z.enum(choices, {error: 'choice'})
export const line = () => z.string({error: 'line'}).check(z.minLength(1, {error: 'line'}))
export const list = <T extends z.ZodMiniType>(item: T) => z.array(item, {error: 'list'})
export const map = <T extends z.core.$ZodShape>(shape: T) => z.strictObject(shape)

export const duration = () => text('duration', DURATION)
