import {breaches} from '../../../src/emulator/provider/constraints.ts'
import {loadSchemas} from '../../../src/emulator/provider/schemas.ts'
import {certificates} from '../../../src/emulator/services/certificates.ts'
import {clusterCheck, poolCheck} from '../../../src/emulator/services/container-rules.ts'
import {identity} from '../../../src/emulator/services/identity.ts'
import {keeping} from '../../../src/emulator/services/keeping.ts'
import {monitoring} from '../../../src/emulator/services/monitoring.ts'
import {network} from '../../../src/emulator/services/network.ts'
import type {Resource} from '../graph.ts'
import {of, type Rule, shown} from '../rule.ts'

type Check = (inputs: Resource['inputs']) => readonly {property: string; reason: string}[]

const SCHEMAS = loadSchemas()

/** What the providers check beyond names and kinds: enums, ranges, conflicts. */
const CHECKS = new Map<string, Check>([
  ...[...certificates, ...identity, ...keeping, ...monitoring, ...network].flatMap(({token, check}) =>
    check ? [[token, check as Check] as const] : [],
  ),
  ['gcp:container/cluster:Cluster', clusterCheck],
  ['gcp:container/nodePool:NodePool', poolCheck],
])

const said = (resource: Resource, failures: readonly {property: string; reason: string}[]) =>
  failures.map(({property, reason}) => `${shown(resource)}: ${property} ${reason}`)

export const inputs: readonly Rule[] = [
  {
    says: 'Every input is one that the provider knows, of the right kind, and none that it needs is missing',
    violations: ({resources}) =>
      resources.flatMap((resource) => {
        const {schema} = SCHEMAS[resource.type.startsWith('gcp:') ? 'gcp' : 'kubernetes']
        if (!schema.resource(resource.type)) return [`${shown(resource)}: unknown type ${resource.type}`]
        return said(resource, schema.check(resource.type, resource.inputs))
      }),
    plant: (copy) => {
      of(copy, 'DatabaseInstance')[0]!.inputs.settings.backupConfig = {enabled: true}
      return true
    },
  },
  {
    says: 'Enums, ranges and conflicts are as the provider and the API want them',
    violations: ({resources}) =>
      resources.flatMap((resource) => {
        const broken = breaches(SCHEMAS.gcp.constraints[resource.type] ?? {}, resource.inputs)
        return said(resource, [...broken, ...(CHECKS.get(resource.type)?.(resource.inputs) ?? [])])
      }),
    plant: (copy) => {
      of(copy, 'NodePool')[0]!.inputs.upgradeSettings.strategy = 'GREEN_BLUE'
      return true
    },
  },
]
