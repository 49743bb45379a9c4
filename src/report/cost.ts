/** What a platform costs a month at rest, estimated from a dated table. Pure; wrong by design where use decides: traffic, queries, messages. */
import type {InstanceTopology, Topology} from '../topology/topology.ts'
import {table} from './format.ts'

/** When the table was made. Nobody verified it against an invoice. */
export const PRICES_AS_OF = '2026-01'

const HOURS = 730

/**
 * List prices in US dollars, us-central1, without taxes, discounts and free tiers.
 * Pages: https://cloud.google.com/{kubernetes-engine,compute,sql,load-balancing,armor,nat}/pricing
 */
export const PRICES = {
  clusterHour: 0.1,
  nodeMonth: {'n2-standard-4': 140} as Readonly<Record<string, number>>,
  sql: {
    vcpuHour: 0.0413,
    memoryGiBHour: 0.007,
    storageGiBMonth: 0.17,
    /** Enterprise Plus over Enterprise. */ plus: 1.3,
  },
  forwardingRuleHour: 0.025,
  armor: {policyMonth: 5, ruleMonth: 1},
  natVmHour: 0.0014,
  kmsKeyMonth: 0.06,
} as const

/** Price level of a continent against the table's region; rough. */
const LEVELS: Readonly<Record<string, number>> = {
  us: 1,
  northamerica: 1.1,
  europe: 1.1,
  asia: 1.2,
  australia: 1.3,
  southamerica: 1.5,
  me: 1.2,
  africa: 1.3,
}

/** vCPUs and GiB by machine type. https://cloud.google.com/sql/docs/postgres/machine-series-overview */
function machineOf(tier: string): {readonly vcpus: number; readonly memoryGiB: number} {
  const custom = /^db-custom-(\d+)-(\d+)$/.exec(tier)
  if (custom) return {vcpus: Number(custom[1]), memoryGiB: Number(custom[2]) / 1024}
  const vcpus = Number(/-N-(\d+)$/.exec(tier)?.[1] ?? 2)
  return {vcpus, memoryGiB: vcpus * 8}
}

export interface CostItem {
  /** Region, or `global`. */
  readonly where: string
  readonly what: string
  /** US dollars a month. */
  readonly usd: number
}

const levelOf = (region: string) => LEVELS[region.split('-')[0]!] ?? 1.2

/** Everything that costs money while nobody uses it. */
export function costOf({regions, database, edge, services}: Topology): readonly CostItem[] {
  const perRegion = regions.flatMap(({name, zones, nodes}) => {
    const count = nodes.minPerZone * zones.length
    const each = PRICES.nodeMonth[nodes.machineType] ?? PRICES.nodeMonth['n2-standard-4']!
    return [
      {where: name, what: 'GKE cluster', usd: PRICES.clusterHour * HOURS},
      {where: name, what: `${count} × ${nodes.machineType}`, usd: count * each * levelOf(name)},
      {where: name, what: 'NAT', usd: count * PRICES.natVmHour * HOURS},
    ]
  })
  const instances = (database?.instances ?? []).map((instance) => instanceCost(instance, database!.config.storageGiB))
  const http = services.some(({config}) => config.type === 'http')
  // Two addresses, IPv4 and IPv6, each with HTTP and HTTPS when there is a domain.
  const rules = (edge.domain === undefined ? 1 : 2) * 2
  const front = http
    ? [
        {
          where: 'global',
          what: `load balancer, ${rules} rules`,
          usd: Math.max(1, rules / 5) * PRICES.forwardingRuleHour * HOURS,
        },
        {
          where: 'global',
          what: 'Cloud Armor',
          usd: PRICES.armor.policyMonth + (edge.waf ? 6 : 1) * PRICES.armor.ruleMonth,
        },
      ]
    : []
  return [...perRegion, ...instances, ...front]
}

function instanceCost({region, tier, edition, availability}: InstanceTopology, storageGiB: number): CostItem {
  const {vcpus, memoryGiB} = machineOf(tier)
  const {vcpuHour, memoryGiBHour, storageGiBMonth, plus} = PRICES.sql
  const compute = (vcpus * vcpuHour + memoryGiB * memoryGiBHour) * HOURS * (edition === 'ENTERPRISE_PLUS' ? plus : 1)
  const twice = availability === 'REGIONAL' ? 2 : 1
  const usd = (compute + storageGiB * storageGiBMonth) * twice * levelOf(region)
  return {where: region, what: `Cloud SQL ${tier}${twice === 2 ? ', two zones' : ''}`, usd}
}

const dollars = (usd: number) => `${Math.round(usd).toLocaleString('en-US')} USD`

/** One line: the sum, and how far it can be trusted. */
export function costLine(topology: Topology): string {
  const total = costOf(topology).reduce((sum, {usd}) => sum + usd, 0)
  const rounded = Math.round(total / 10) * 10
  return `About ${dollars(rounded)} a month at rest: an estimate from list prices as of ${PRICES_AS_OF}, unverified; traffic, requests, logs and growth come on top.`
}

/** The table behind it, then the line. */
export function costLines(topology: Topology): readonly string[] {
  const rows = costOf(topology).map(({where, what, usd}) => [where, what, dollars(usd)])
  return [...table(rows, '    '), '', costLine(topology)]
}
