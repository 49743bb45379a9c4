import {prevent} from '../protection.ts'
import {gcp, pulumi} from '../pulumi.ts'
import type {FoundationInput} from './index.ts'
import type {Options} from './options.ts'

/** The addresses customers' DNS points at, and the certificate, issued by DNS before any traffic moves. */
export function edgeOf(input: FoundationInput, opts: Options) {
  const {project, prefix, domain, domainKey, protect} = input
  const kept = {...opts, protect}
  const {GlobalAddress} = gcp('compute')
  const reserve = (name: string, address: string, ipVersion: 'IPV4' | 'IPV6') =>
    new GlobalAddress(name, {project, name: address, addressType: 'EXTERNAL', ipVersion, ...prevent(protect)}, kept)
  const ipv4 = reserve('address', `${prefix}-edge`, 'IPV4')
  const ipv6 = reserve('address-ipv6', `${prefix}-edge-ipv6`, 'IPV6')
  const addresses = {address: ipv4.address, addressIpv6: ipv6.address, addressName: ipv4.name}
  if (domain === undefined) return addresses

  const {DnsAuthorization, Certificate, CertificateMap, CertificateMapEntry} = gcp('certificatemanager')
  const authorization = new DnsAuthorization('domain', {project, name: `${prefix}-domain-${domainKey}`, domain}, opts)
  const certificate = new Certificate(
    'certificate',
    {
      project,
      name: `${prefix}-cert-${domainKey}`,
      managed: {domains: [domain], dnsAuthorizations: [authorization.id]},
    },
    {...opts, deleteBeforeReplace: false},
  )
  const map = new CertificateMap('certificates', {project, name: `${prefix}-certs`}, opts)
  new CertificateMapEntry(
    'certificate-entry',
    {project, name: `${prefix}-domain-${domainKey}`, map: map.name, hostname: domain, certificates: [certificate.id]},
    opts,
  )
  return {
    ...addresses,
    certificateMap: map.id,
    challenge: authorization.dnsResourceRecords,
    /** What whoever keeps the domain's DNS enters there. */
    publicRecords: pulumi
      .all([authorization.dnsResourceRecords, ipv4.address, ipv6.address])
      .apply(([challenge, a, aaaa]) => [
        ...(challenge ?? []).map(({name, type, data}) => ({name, type, data})),
        {name: `${domain}.`, type: 'A', data: a},
        {name: `${domain}.`, type: 'AAAA', data: aaaa},
      ]),
  }
}
