import {invalid} from './failures.ts'
import {LIMITS} from './limits.ts'

export type Attributes = Readonly<Record<string, string>>
export type Filter = (attributes: Attributes) => boolean

/**
 * Compiles Pub/Sub's filter language: `attributes:KEY`, `attributes.KEY = "V"`, `!=`, `hasPrefix(attributes.KEY, "V")`, `NOT`, `-`,
 * `AND`, `OR` and parentheses. `AND` and `OR` do not mix without parentheses. An empty text lets everything through.
 * Throws INVALID_ARGUMENT. https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax
 */
export function compileFilter(text: string): Filter {
  if (Buffer.byteLength(text) > LIMITS.filterBytes) throw refused(text, `it is longer than ${LIMITS.filterBytes} bytes`)
  if (text.trim() === '') return () => true
  const parser = new Parser(text)
  return parser.whole()
}

const refused = (text: string, reason: string) =>
  invalid(
    `Invalid filter given (filter=${text}): ${reason}. Refer to https://cloud.google.com/pubsub/docs/subscription-message-filter.`,
  )

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)|(!=|[=:.,()-]))/y

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  const end = text.trimEnd().length
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (!match) throw refused(text, `cannot read it from character ${at + 1}`)
    tokens.push(match[1] ?? match[2] ?? match[3]!)
  }
  return tokens
}

class Parser {
  readonly #text: string
  readonly #tokens: string[]
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokensOf(text)
  }

  whole(): Filter {
    const filter = this.#expression()
    if (this.#at < this.#tokens.length) throw this.#unexpected()
    return filter
  }

  #expression(): Filter {
    const terms = [this.#term()]
    const operator = this.#peek()
    if (operator !== 'AND' && operator !== 'OR') return terms[0]!
    while (this.#take(operator)) terms.push(this.#term())
    if (this.#peek() === 'AND' || this.#peek() === 'OR')
      throw refused(this.#text, 'AND and OR need parentheses when mixed')
    return operator === 'AND'
      ? (attributes) => terms.every((term) => term(attributes))
      : (attributes) => terms.some((term) => term(attributes))
  }

  #term(): Filter {
    if (this.#take('NOT') || this.#take('-')) {
      const term = this.#term()
      return (attributes) => !term(attributes)
    }
    if (this.#take('(')) {
      const inner = this.#expression()
      this.#need(')')
      return inner
    }
    return this.#take('hasPrefix') ? this.#prefix() : this.#comparison()
  }

  #prefix(): Filter {
    this.#need('(')
    this.#need('attributes')
    this.#need('.')
    const key = this.#key()
    this.#need(',')
    const prefix = this.#string()
    this.#need(')')
    return (attributes) => attributes[key]?.startsWith(prefix) ?? false
  }

  #comparison(): Filter {
    this.#need('attributes')
    if (this.#take(':')) {
      const key = this.#key()
      return (attributes) => Object.hasOwn(attributes, key)
    }
    this.#need('.')
    const key = this.#key()
    const negated = this.#take('!=')
    if (!negated) this.#need('=')
    const value = this.#string()
    return negated ? (attributes) => attributes[key] !== value : (attributes) => attributes[key] === value
  }

  #key(): string {
    return this.#peek()?.startsWith('"') ? this.#string() : this.#word()
  }

  #word(): string {
    const token = this.#peek()
    if (!token || !/^[A-Za-z0-9_-]+$/.test(token)) throw this.#unexpected()
    this.#at++
    return token
  }

  #string(): string {
    const token = this.#peek()
    if (!token?.startsWith('"')) throw this.#unexpected()
    this.#at++
    return token
      .slice(1, -1)
      .replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{3}|.)/g, (_, escaped: string) => unescaped(escaped))
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false
    this.#at++
    return true
  }

  #need(token: string): void {
    if (!this.#take(token)) throw this.#unexpected(`"${token}"`)
  }

  #unexpected(wanted?: string): Error {
    const found = this.#peek() === undefined ? 'its end' : `"${this.#peek()}"`
    return refused(this.#text, wanted ? `${wanted} was expected where ${found} is` : `${found} was not expected`)
  }
}

function unescaped(escaped: string): string {
  if (/^[ux]/.test(escaped) && escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  if (/^[0-7]{3}$/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8))
  return {n: '\n', t: '\t', r: '\r'}[escaped] ?? escaped
}
