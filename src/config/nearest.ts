/** The candidate a person most likely meant: an obvious abbreviation, or few enough typing errors away. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.toLowerCase().slice(0, 60)
  let best: {candidate: string; distance: number} | undefined
  for (const candidate of candidates) {
    const known = candidate.toLowerCase()
    const distance = typed.length >= 3 && known.startsWith(typed) ? 0.5 : editDistance(typed, known)
    const tolerated = Math.max(1, Math.floor(Math.max(typed.length, known.length) / 3))
    if (distance <= tolerated && (!best || distance < best.distance)) best = {candidate, distance}
  }
  return best?.candidate
}

/** Levenshtein distance with neighbouring swaps counted as one (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({length: b.length + 1}, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
