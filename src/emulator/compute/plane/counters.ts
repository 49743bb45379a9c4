/** What was served, by region of the backend and in all. Since the start of the process. */
export interface RegionCounters {
  /** Tries, retries included. */
  requests: number
  '2xx': number
  '3xx': number
  '4xx': number
  '5xx': number
  connectFailures: number
  resets: number
  timeouts: number
}

export interface EdgeCounters {
  /** Answers to clients. */
  requests: number
  '2xx': number
  '3xx': number
  '4xx': number
  '5xx': number
  retries: number
  /** Requests no endpoint could take. */
  unserved: number
  denied: number
  clientsGone: number
}

export interface Counters {
  readonly edge: EdgeCounters
  readonly regions: Record<string, RegionCounters>
  region(name: string): RegionCounters
}

export function createCounters(): Counters {
  const regions: Record<string, RegionCounters> = {}
  const classes = () => ({requests: 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0})
  return {
    edge: {...classes(), retries: 0, unserved: 0, denied: 0, clientsGone: 0},
    regions,
    region: (name) => {
      regions[name] ??= {...classes(), connectFailures: 0, resets: 0, timeouts: 0}
      return regions[name]
    },
  }
}

export function countStatus(
  counters: {'2xx': number; '3xx': number; '4xx': number; '5xx': number},
  status: number,
): void {
  if (status >= 500) counters['5xx'] += 1
  else if (status >= 400) counters['4xx'] += 1
  else if (status >= 300) counters['3xx'] += 1
  else counters['2xx'] += 1
}
