/** Settings as texts of environment variables. Every function throws an Error that names the variable and says what it takes. */

export type Variables = Readonly<Record<string, string | undefined>>

export interface Address {
  readonly host: string
  readonly port: number
}

/** What the groups of `pattern` hold; `form` says in words what is taken. */
export function partsOf(name: string, text: string, form: string, pattern: RegExp): readonly string[] {
  const found = pattern.exec(text)
  if (!found) throw new Error(`${name} takes ${form}, not "${text}".`)
  return found.slice(1)
}

/** 0: any that is free. */
export function parsePort(name: string, text: string): number {
  const [port] = partsOf(name, text, 'a port', /^(\d{1,5})$/)
  if (Number(port) > 65_535) throw new Error(`${name} takes a port up to 65535, not "${text}".`)
  return Number(port)
}

export function parseAddress(name: string, text: string): Address {
  const [host, port] = partsOf(name, text, 'host:port', /^(.+):(\d+)$/)
  return {host: host!, port: parsePort(name, port!)}
}

/** To put paths behind. */
export const parseBase = (text: string): string => text.replace(/\/$/, '')
