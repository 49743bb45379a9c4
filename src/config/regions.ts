/**
 * Google Cloud's regions, each with the three zones ha uses there.
 * Source: https://cloud.google.com/compute/docs/regions-zones#available (zone letters are a, b, c except where noted there).
 */
const ABC = [
  'africa-south1',
  'asia-east1',
  'asia-east2',
  'asia-northeast1',
  'asia-northeast2',
  'asia-northeast3',
  'asia-south1',
  'asia-south2',
  'asia-southeast1',
  'asia-southeast2',
  'australia-southeast1',
  'australia-southeast2',
  'europe-central2',
  'europe-north1',
  'europe-north2',
  'europe-southwest1',
  'europe-west2',
  'europe-west3',
  'europe-west4',
  'europe-west6',
  'europe-west8',
  'europe-west9',
  'europe-west10',
  'europe-west12',
  'me-central1',
  'me-central2',
  'me-west1',
  'northamerica-northeast1',
  'northamerica-northeast2',
  'northamerica-south1',
  'southamerica-east1',
  'southamerica-west1',
  'us-central1',
  'us-east4',
  'us-east5',
  'us-south1',
  'us-west1',
  'us-west2',
  'us-west3',
  'us-west4',
]
const BCD = ['europe-west1', 'us-east1']

const lettered = (letters: string) => (region: string) =>
  [region, [...letters].map((letter) => `${region}-${letter}`)] as const

// Plain comparison: localeCompare loads the collator, 5 ms at every start.
/** Region name → its three zones, e.g. `us-east1` → `['us-east1-b', 'us-east1-c', 'us-east1-d']`. */
export const REGION_ZONES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [...ABC.map(lettered('abc')), ...BCD.map(lettered('bcd'))].sort(([a], [b]) => (a < b ? -1 : 1)),
)
