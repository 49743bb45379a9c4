/** Where the things without a home region live, so that no one region's loss takes them along. */

/** Region name's first part → the multi-region whose registries and buckets are nearest. */
const MULTI_REGIONS: Readonly<Record<string, 'us' | 'europe' | 'asia'>> = {
  africa: 'europe',
  asia: 'asia',
  australia: 'asia',
  europe: 'europe',
  me: 'europe',
  northamerica: 'us',
  southamerica: 'us',
  us: 'us',
}

/** Artifact Registry's multi-region nearest to `region`. Source: https://cloud.google.com/artifact-registry/docs/repositories/repo-locations */
export const multiRegionOf = (region: string): 'us' | 'europe' | 'asia' => MULTI_REGIONS[region.split('-')[0]!] ?? 'us'

/** Cloud Storage's multi-region nearest to `region`. Source: https://docs.cloud.google.com/storage/docs/locations#location-mr */
export const bucketRegionOf = (region: string): 'US' | 'EU' | 'ASIA' =>
  (({us: 'US', europe: 'EU', asia: 'ASIA'}) as const)[multiRegionOf(region)]

/** Whether a location of Google's lies in one region, so that the region's loss takes along what is kept there. */
export const isSingleRegion = (location: string): boolean => /^[a-z]+-[a-z]+\d+$/.test(location.toLowerCase())
