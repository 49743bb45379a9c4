/** Colours, or none. The only place that knows about escape sequences. */
import {styleText} from 'node:util'

export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'strong' | 'plain' | 'accent'

/** Marks text with a tone; returns it unchanged when colours are off. */
export type Style = (tone: Tone, text: string) => string

const FORMATS = {good: 'green', bad: 'red', warn: 'yellow', dim: 'dim', strong: 'bold', accent: 'cyan'} as const

export const coloured: Style = (tone, text) =>
  tone === 'plain' ? text : styleText(FORMATS[tone], text, {validateStream: false})

export const colourless: Style = (_tone, text) => text
