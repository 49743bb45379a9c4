/** VPC networks and what is in them: https://cloud.google.com/vpc/docs */
import type {Props} from '../contract.ts'
import {isUnknown} from '../provider/values.ts'
import {computeLink, digits, hex, idOf, lastOf, now} from './names.ts'
import type {Plain, Reference} from './plain.ts'
import {between, cidr, computeName, formatAddress, matches, parseCidr, rules} from './rules.ts'

const networkId = ({network, project}: Props) => idOf(String(network), `projects/${project}/global/networks`)
const needsNetwork = (inputs: Props): Reference[] => [['gcp:compute/network:Network', networkId(inputs)]]
const routerId = ({router, region, project}: Props) =>
  idOf(String(router), `projects/${project}/regions/${region}/routers`)

const born = (_: Props, id: string) => ({creationTimestamp: now(), fingerprint: hex(id, 12)})

export const network: readonly Plain[] = [
  {
    token: 'gcp:compute/network:Network',
    id: ({project, name}) => `projects/${project}/global/networks/${name}`,
    derive: (inputs, id) => ({
      routingMode: inputs.routingMode ?? 'REGIONAL',
      mtu: inputs.mtu ?? 1460,
      selfLink: computeLink(id),
      networkId: digits(id, 19),
      numericId: digits(id, 19),
    }),
    check: rules(computeName(), between('mtu', 1300, 8896)),
  },
  {
    token: 'gcp:compute/subnetwork:Subnetwork',
    immutable: ['ipCidrRange'],
    id: ({project, region, name}) => `projects/${project}/regions/${region}/subnetworks/${name}`,
    derive: (inputs, id) => ({
      network: computeLink(networkId(inputs)),
      purpose: inputs.purpose ?? 'PRIVATE',
      stackType: inputs.stackType ?? 'IPV4_ONLY',
      gatewayAddress: gatewayOf(inputs.ipCidrRange),
      selfLink: computeLink(id),
    }),
    born,
    needs: needsNetwork,
    check: (inputs) =>
      rules(
        computeName(),
        cidr('ipCidrRange'),
        ...listOf(inputs.secondaryIpRanges).map((_, i) => cidr(`secondaryIpRanges[${i}].ipCidrRange`)),
      )(inputs),
  },
  {
    token: 'gcp:compute/router:Router',
    id: ({project, region, name}) => `projects/${project}/regions/${region}/routers/${name}`,
    derive: (inputs, id) => ({network: computeLink(networkId(inputs)), selfLink: computeLink(id)}),
    born: () => ({creationTimestamp: now()}),
    needs: needsNetwork,
    check: computeName(),
  },
  {
    token: 'gcp:compute/routerNat:RouterNat',
    id: (inputs) => `${inputs.project}/${inputs.region}/${lastOf(String(inputs.router))}/${inputs.name}`,
    needs: (inputs) => [['gcp:compute/router:Router', routerId(inputs)]],
    check: (inputs) => [
      ...rules(computeName())(inputs),
      // Source: https://cloud.google.com/nat/docs/ports-and-addresses#dynamic-port
      ...(inputs.enableDynamicPortAllocation === true && inputs.enableEndpointIndependentMapping === true
        ? [
            {
              property: 'enableEndpointIndependentMapping',
              reason: 'must be false with enableDynamicPortAllocation',
            },
          ]
        : []),
    ],
  },
  {
    token: 'gcp:compute/firewall:Firewall',
    immutable: ['network'],
    id: ({project, name}) => `projects/${project}/global/firewalls/${name}`,
    derive: (inputs, id) => ({
      network: computeLink(networkId(inputs)),
      direction: inputs.direction ?? 'INGRESS',
      priority: inputs.priority ?? 1000,
      selfLink: computeLink(id),
    }),
    born: () => ({creationTimestamp: now()}),
    needs: needsNetwork,
    check: (inputs) => [
      ...rules(computeName())(inputs),
      ...(inputs.allows === undefined && inputs.denies === undefined
        ? [{property: 'allows', reason: 'one of allows, denies must be given'}]
        : []),
    ],
  },
  {
    token: 'gcp:servicenetworking/connection:Connection',
    repeatable: true,
    id: ({network, service}) => `${encodeURIComponent(String(network))}:${service}`,
    derive: ({service}) => ({peering: String(service).replaceAll('.', '-')}),
    check: matches('service', /^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a service such as servicenetworking.googleapis.com'),
  },
]

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** The first usable address is the gateway's. */
function gatewayOf(range: unknown): unknown {
  const parsed = isUnknown(range) ? undefined : parseCidr(String(range))
  return parsed ? formatAddress(parsed.first + 1) : range
}
