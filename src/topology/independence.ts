/**
 * What a failover needs and where it lies: would any of it vanish together with a region? Pure; warnings are part of the
 * topology, so that every plan shows them.
 */
import {isSingleRegion} from './places.ts'
import type {Topology} from './topology.ts'

/** Something that must be reachable while a region is lost. */
export interface Dependency {
  readonly what: string
  /** Google's name of where it lies: a region, a multi-region such as `us`, `global`; undefined: not known here. */
  readonly location?: string | undefined
  /** Every region that keeps a copy; given instead of `location` when there are several. */
  readonly copies?: readonly string[]
  /** What to do when it hangs on one region. */
  readonly advice: string
}

/** What ha cannot see in ha.yaml; found out by asking Google. */
export interface Places {
  /** Location of the state bucket. */
  readonly state?: string
  /** Location of the key that encrypts secrets in the state. */
  readonly key?: string
}

type Platform = Omit<Topology, 'warnings'>

/** Everything an operator or a surviving region needs in the hour of a failover. */
export function dependenciesOf(platform: Platform, places: Places = {}): readonly Dependency[] {
  const {imagesLocation, regions, secrets, edge, queues, database} = platform
  const names = regions.map(({name}) => name)
  return [
    {
      what: 'the state of this environment',
      location: places.state,
      advice: 'Move it to a bucket in a multi-region such as us, eu or a pair of regions.',
    },
    {
      what: 'the key of the secrets in the state',
      location: places.key,
      advice: 'Use a key ring in a multi-region such as us or europe, or in global.',
    },
    {what: 'the images', location: imagesLocation, advice: 'Use a repository in a multi-region: us, europe or asia.'},
    ...secrets.map(({name}) => ({
      what: `the secret ${name}`,
      location: 'global',
      advice: 'Let Secret Manager replicate it automatically.',
    })),
    ...queues.map(({config}) => ({
      what: `the queue ${config.name}`,
      copies: names,
      advice: 'Add a second region: messages may then be stored in either.',
    })),
    ...(database
      ? [
          {
            what: 'the database',
            copies: database.instances.map(({region}) => region),
            advice: 'Add a second region: a replica is kept in every region listed.',
          },
          {what: 'the record that names the primary', location: 'global', advice: 'Keep it in Cloud DNS.'},
        ]
      : []),
    ...(edge.domain === undefined
      ? []
      : [{what: 'the certificate and the addresses', location: 'global', advice: 'Keep them global.'}]),
  ]
}

/** What would be out of reach while `region` is lost. Where something lies that is not known counts as safe here; `unknownPlaces` has it. */
export function lostWith(region: string, dependencies: readonly Dependency[]): readonly Dependency[] {
  return dependencies.filter(({location, copies}) => {
    if (copies !== undefined) return copies.every((copy) => copy === region)
    return location !== undefined && isSingleRegion(location) && location.toLowerCase() === region
  })
}

/** What lies in any one region, one of the platform's or not: that region's loss stops failovers too. */
export const hangingOnOne = (
  dependencies: readonly Dependency[],
): readonly (Dependency & {readonly region: string})[] =>
  dependencies.flatMap((dependency) => {
    const places = [...new Set(dependency.copies ?? (dependency.location === undefined ? [] : [dependency.location]))]
    const [only] = places
    return places.length === 1 && isSingleRegion(only!) ? [{...dependency, region: only!.toLowerCase()}] : []
  })

/**
 * The audit in sentences. With one region there is nothing to fail over to, which a warning of its own says.
 * @param state `state` of ha.yaml: what lies on one machine's disk is lost with the machine.
 */
export function independenceWarnings(platform: Platform, state?: string, places: Places = {}): readonly string[] {
  if (platform.target === 'local' || platform.regions.length < 2) return []
  const hanging = hangingOnOne(dependenciesOf(platform, places))
  return [
    ...(state?.startsWith('gs://')
      ? []
      : [
          'The state lies on this machine alone: nobody else can fail over. Set state to a gs:// bucket in a multi-region.',
        ]),
    ...hanging.map(
      ({what, region, advice}) => `${capital(what)} would be out of reach while ${region} is lost. ${advice}`,
    ),
  ]
}

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1)
