import type {Style} from './style.ts'

/** One sentence on how safe the platform is. */
export interface Safety {
  readonly good: boolean
  readonly text: string
}

export const safetyLines = (safety: readonly Safety[], style: Style): string[] =>
  safety.map(({good, text}) => style(good ? 'dim' : 'bad', `${good ? '·' : '✖'} ${text}`))
