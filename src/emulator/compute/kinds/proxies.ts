import {invalid} from '../google.ts'
import {type Kind, requireRange, stringsOf} from './kind.ts'

const KEEP_ALIVE_RANGE = {min: 5, max: 1200}

/** https://cloud.google.com/compute/docs/reference/rest/v1/targetHttpProxies */
export const targetHttpProxy: Kind = {
  token: 'gcp:compute/targetHttpProxy:TargetHttpProxy',
  collection: 'targetHttpProxies',
  restKind: 'compute#targetHttpProxy',
  noun: 'target_http_proxy',
  enums: {},
  defaults: {proxyBind: false},
  numberIn: 'proxyId',
  fingerprinted: true,
  references: {urlMap: 'urlMaps'},
  validate: (wire) => requireRange('httpKeepAliveTimeoutSec', wire.httpKeepAliveTimeoutSec, KEEP_ALIVE_RANGE),
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/targetHttpsProxies */
export const targetHttpsProxy: Kind = {
  token: 'gcp:compute/targetHttpsProxy:TargetHttpsProxy',
  collection: 'targetHttpsProxies',
  restKind: 'compute#targetHttpsProxy',
  noun: 'target_https_proxy',
  enums: {
    quicOverride: ['NONE', 'ENABLE', 'DISABLE'],
    tlsEarlyData: ['STRICT', 'PERMISSIVE', 'UNRESTRICTED', 'DISABLED'],
  },
  defaults: {proxyBind: false, quicOverride: 'NONE', tlsEarlyData: 'DISABLED'},
  numberIn: 'proxyId',
  fingerprinted: true,
  references: {urlMap: 'urlMaps', sslPolicy: 'sslPolicies'},
  check: (inputs) =>
    inputs.certificateManagerCertificates !== undefined && inputs.sslCertificates !== undefined
      ? [{property: 'certificateManagerCertificates', reason: 'conflicts with sslCertificates'}]
      : [],
  validate: (wire) => {
    requireRange('httpKeepAliveTimeoutSec', wire.httpKeepAliveTimeoutSec, KEEP_ALIVE_RANGE)
    const map = wire.certificateMap
    if (map !== undefined && map !== '' && !/^(https?:)?\/\/certificatemanager\.googleapis\.com\//.test(String(map))) {
      throw invalid(
        'certificateMap',
        map,
        `Must look like '//certificatemanager.googleapis.com/projects/P/locations/L/certificateMaps/M'.`,
      )
    }
    const certificates = [...stringsOf(wire.sslCertificates), ...stringsOf(wire.certificateManagerCertificates)]
    if (certificates.length === 0 && (map === undefined || map === '')) {
      throw invalid('sslCertificates', '', 'An SSL certificate or a certificate map is required.')
    }
  },
}
