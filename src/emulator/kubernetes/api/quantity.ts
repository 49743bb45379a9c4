/** Quantities of resources: `500m`, `1Gi`, `1e3`. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */

const QUANTITY = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d+))?$/
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

export const isQuantity = (value: unknown): boolean => QUANTITY.test(String(value))

/** In units (cores, bytes); NaN when it is no quantity. */
export function quantityOf(value: unknown): number {
  const [, number, suffix = '', exponent] = QUANTITY.exec(String(value)) ?? []
  if (number === undefined) return Number.NaN
  if (exponent !== undefined) return Number(`${number}e${exponent}`)
  if (suffix.endsWith('i')) return Number(number) * 1024 ** BINARY.indexOf(suffix)
  return Number(`${number}e${3 * (DECIMAL.indexOf(suffix) - 3)}`)
}

/** The way the API server writes it back: the largest suffix that keeps it whole (`0.5` → `500m`, `1024Mi` → `1Gi`). */
export function canonicalQuantity(value: unknown): string {
  const text = String(value)
  const [, number, suffix = ''] = QUANTITY.exec(text) ?? []
  if (number === undefined) return text
  if (quantityOf(text) === 0) return '0'
  return suffix.endsWith('i') ? binary(Number(number), BINARY.indexOf(suffix)) : decimal(text)
}

function binary(number: number, start: number): string {
  let [amount, power] = [number, start]
  while (!Number.isInteger(amount) && power > 0) [amount, power] = [amount * 1024, power - 1]
  while (amount % 1024 === 0 && power < BINARY.length - 1) [amount, power] = [amount / 1024, power + 1]
  return Number.isInteger(amount) ? `${amount}${BINARY[power]}` : `${Math.ceil(amount)}`
}

function decimal(text: string): string {
  // In units of 10⁻⁹ as an integer: no floating point on the way.
  const [, number = '0', suffix = '', exponent] = QUANTITY.exec(text)!
  const power = 9 + (exponent === undefined ? 3 * (DECIMAL.indexOf(suffix) - 3) : Number(exponent))
  const [whole = '', fraction = ''] = number.replace(/^[+-]/, '').split('.')
  const digits = `${whole}${fraction}`
  const shift = power - fraction.length
  let nano = shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : BigInt(digits.slice(0, shift) || '0')
  let at = 0
  while (nano % 1000n === 0n && at < DECIMAL.length - 1) [nano, at] = [nano / 1000n, at + 1]
  const shown = exponent !== undefined && at > 3 ? `e${3 * (at - 3)}` : DECIMAL[at]
  return `${number.startsWith('-') ? '-' : ''}${nano}${shown}`
}
