/** Certificate Manager: https://cloud.google.com/certificate-manager/docs. Certificates are not issued; they count as active at once. */
import type {Props} from '../contract.ts'
import {hex, idOf, now} from './names.ts'
import type {Plain} from './plain.ts'
import {matches, oneOf, rules} from './rules.ts'

const place = ({project, location}: Props) => `projects/${project}/locations/${location ?? 'global'}`
const mapId = (inputs: Props) => idOf(String(inputs.map), `${place(inputs)}/certificateMaps`)

const name = matches('name', /^[a-z]([a-z0-9-]{0,62})$/, '1–63 lower-case letters, digits and hyphens')

export const certificates: readonly Plain[] = [
  {
    token: 'gcp:certificatemanager/dnsAuthorization:DnsAuthorization',
    id: (inputs) => `${place(inputs)}/dnsAuthorizations/${inputs.name}`,
    derive: (inputs, id) => ({
      type: inputs.type ?? 'FIXED_RECORD',
      dnsResourceRecords: [
        {
          name: `_acme-challenge.${inputs.domain}.`,
          type: 'CNAME',
          data: `${hex(id, 32)}.${(Number.parseInt(hex(id, 2), 16) % 20) + 1}.authorize.certificatemanager.goog.`,
        },
      ],
    }),
    check: rules(name),
  },
  {
    token: 'gcp:certificatemanager/certificate:Certificate',
    id: (inputs) => `${place(inputs)}/certificates/${inputs.name}`,
    derive: ({managed}) => ({
      sanDnsnames: (managed as Props | undefined)?.domains ?? [],
      ...(managed !== undefined && {managed: {...(managed as Props), state: 'ACTIVE'}}),
    }),
    check: rules(name, oneOf('scope', ['DEFAULT', 'EDGE_CACHE', 'ALL_REGIONS', 'CLIENT_AUTH'])),
    needs: (inputs) =>
      (((inputs.managed as Props | undefined)?.dnsAuthorizations as string[] | undefined) ?? []).map((id) => [
        'gcp:certificatemanager/dnsAuthorization:DnsAuthorization',
        id,
      ]),
  },
  {
    token: 'gcp:certificatemanager/certificateMap:CertificateMap',
    id: (inputs) => `${place(inputs)}/certificateMaps/${inputs.name}`,
    derive: () => ({gclbTargets: []}),
    born: () => ({createTime: now(), updateTime: now()}),
    check: name,
  },
  {
    token: 'gcp:certificatemanager/certificateMapEntry:CertificateMapEntry',
    id: (inputs) => `${mapId(inputs)}/certificateMapEntries/${inputs.name}`,
    derive: () => ({state: 'ACTIVE'}),
    born: () => ({createTime: now(), updateTime: now()}),
    check: rules(name, oneOf('matcher', ['PRIMARY'])),
    needs: (inputs) => [
      ['gcp:certificatemanager/certificateMap:CertificateMap', mapId(inputs)],
      ...((inputs.certificates ?? []) as string[]).map(
        (id) => ['gcp:certificatemanager/certificate:Certificate', idOf(id, `${place(inputs)}/certificates`)] as const,
      ),
    ],
  },
]
