/** What Google refuses, and where: the provider's check, or the API. */
import {expect, test} from 'vitest'
import type {Props} from '../../../src/emulator/contract.ts'
import {backends, errorOf, idOf, patch, service, ZONES} from './web.ts'
import {GCP, link, negPath, openBench, openEdge} from './world.ts'

const refused: readonly [string, Props, RegExp][] = [
  ['capacityScaler between 0 and 0.1', {backends: backends(0.05, 1)}, /backends\[0\]\.capacityScaler.*0\.05/],
  ['capacityScaler above 1', {backends: backends(1, 1.1)}, /backends\[1\]\.capacityScaler/],
  ['capacityScaler 0 on the only backend', {backends: backends(0)}, /only one backend/],
  ['capacityScaler 0 on every backend', {backends: backends(0, 0)}, /sum of capacityScaler/],
  [
    'RATE without a rate',
    {backends: [{group: link(negPath('us-east1-b')), balancingMode: 'RATE'}]},
    /maxRatePerEndpoint/,
  ],
  [
    'UTILIZATION for an endpoint group',
    {backends: [{group: link(negPath('us-east1-b')), balancingMode: 'UTILIZATION'}]},
    /RATE/,
  ],
  ['a group twice', {backends: [...backends(1), ...backends(1)]}, /Duplicate/],
  [
    'a group that is not there',
    {backends: [{...backends(1)[0], group: link(negPath('asia-east1-a'))}]},
    /was not found/,
  ],
  ['backends without a health check', {healthChecks: []}, /health check is required/],
  ['a time-out of 0', {timeoutSec: 0}, /timeoutSec/],
  ['draining for more than an hour', {connectionDraining: {drainingTimeoutSec: 3601}}, /between 0 and 3600/],
  ['a security policy that is not there', {securityPolicy: 'global/securityPolicies/none'}, /was not found/],
]
test.each(refused)('a backend service refuses %s', async (_, change, message) => {
  const bench = await openBench({probe: async () => true})
  try {
    await openEdge(bench, {zones: ZONES})
    const before = await service(bench)
    const {status, body} = await patch(bench, change)
    expect(errorOf(body).message).toMatch(message)
    expect([400, 404]).toContain(status)
    expect(await service(bench)).toEqual(before)
  } finally {
    await bench.stop()
  }
})

const checked: readonly [string, string, Props, string][] = [
  ['an unknown load balancing scheme', GCP.service, {loadBalancingScheme: 'GLOBAL'}, 'loadBalancingScheme'],
  [
    'an unknown balancing mode',
    GCP.service,
    {backends: [{group: 'g', balancingMode: 'FAIR'}]},
    'backends[0].balancingMode',
  ],
  ['a health check without a protocol', GCP.check, {name: 'a'}, 'httpHealthCheck'],
  ['a health check with two protocols', GCP.check, {httpHealthCheck: {}, tcpHealthCheck: {}}, 'tcpHealthCheck'],
  ['a URL map that leads nowhere', GCP.urlMap, {}, 'defaultService'],
  [
    'a URL map that leads to two places',
    GCP.urlMap,
    {defaultService: 's', defaultUrlRedirect: {stripQuery: false}},
    'defaultService',
  ],
  ['a name in capitals', GCP.check, {name: 'Web', tcpHealthCheck: {}}, 'name'],
  ['an SSL policy CUSTOM without features', GCP.sslPolicy, {profile: 'CUSTOM'}, 'customFeatures'],
]
test.each(checked)('the provider’s check refuses %s', async (_, token, inputs, property) => {
  const bench = await openBench()
  try {
    expect(
      bench
        .type(token)
        .check?.(inputs)
        .map((failure) => failure.property),
    ).toEqual([property])
  } finally {
    await bench.stop()
  }
})

const unmade: readonly [string, string, Props, RegExp][] = [
  [
    'a health check slower than its interval',
    GCP.check,
    {checkIntervalSec: 5, timeoutSec: 6, tcpHealthCheck: {port: 1}},
    /timeout must not be greater/,
  ],
  [
    'a fixed port together with the serving port',
    GCP.check,
    {httpHealthCheck: {port: 80, portSpecification: 'USE_SERVING_PORT'}},
    /must not be set/,
  ],
  [
    'a policy without a default rule',
    GCP.policy,
    {rules: [{action: 'allow', priority: 1, match: {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['*']}}}]},
    /2147483647/,
  ],
  [
    'a ban without a duration',
    GCP.policy,
    {
      rules: [
        {
          action: 'rate_based_ban',
          priority: 2147483647,
          match: {versionedExpr: 'SRC_IPS_V1', config: {srcIpRanges: ['*']}},
          rateLimitOptions: {exceedAction: 'deny(429)', rateLimitThreshold: {count: 1, intervalSec: 60}},
        },
      ],
    },
    /banDurationSec/,
  ],
  ['an HTTPS proxy without a certificate', GCP.httpsProxy, {urlMap: idOf('urlMaps')}, /was not found|certificate/],
  [
    'a proxy for a URL map that is not there',
    GCP.httpProxy,
    {urlMap: idOf('urlMaps')},
    /Error 404: The resource .*urlMaps\/web' was not found, notFound/,
  ],
]
test.each(unmade)('the API refuses %s', async (_, token, inputs, message) => {
  const bench = await openBench()
  try {
    await expect(bench.create(token, {name: 'web', ...inputs})).rejects.toThrow(message)
    expect(bench.records.list(token)).toEqual([])
  } finally {
    await bench.stop()
  }
})
