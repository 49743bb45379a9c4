import fc from 'fast-check'
import {expect, test} from 'vitest'
import {defaulted} from '../../../src/emulator/kubernetes/api/defaults.ts'
import type {Json} from '../../../src/emulator/kubernetes/api/objects.ts'
import {configMap, container, DEPLOYMENTS, deployment, startCluster} from './cluster.ts'

const at = 'spec.template.spec.containers[0]'
const withContainer = (more: Json) => deployment('api', {}, [container(more)])

const SPREAD = {maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway'}
const withPod = (more: Json) =>
  deployment('api', {template: {metadata: {labels: {app: 'api'}}, spec: {containers: [container()], ...more}}})

const WRONG: [string, Json, string][] = [
  ['a name in capitals', deployment('API'), 'metadata.name: Invalid value: "API": a lowercase RFC 1123 subdomain'],
  ['no containers', deployment('api', {}, []), 'spec.template.spec.containers: Required value'],
  ['no image', withContainer({image: undefined}), `${at}.image: Required value`],
  [
    'two containers of one name',
    deployment('api', {}, [container(), container()]),
    'containers[1].name: Duplicate value: "api"',
  ],
  [
    'a selector that misses its pods',
    deployment('api', {selector: {matchLabels: {app: 'other'}}}),
    '`selector` does not match template `labels`',
  ],
  ['no selector', deployment('api', {selector: undefined}), 'spec.selector: Required value'],
  [
    'a port out of range',
    withContainer({ports: [{containerPort: 70000}]}),
    `${at}.ports[0].containerPort: Invalid value: 70000`,
  ],
  [
    'two ports of one name',
    withContainer({
      ports: [
        {name: 'a', containerPort: 1},
        {name: 'a', containerPort: 2},
      ],
    }),
    `${at}.ports[1].name: Duplicate value: "a"`,
  ],
  [
    'a probe that does nothing',
    withContainer({livenessProbe: {}}),
    `${at}.livenessProbe: Required value: must specify a handler type`,
  ],
  [
    'a probe that does two things',
    withContainer({readinessProbe: {httpGet: {port: 1}, tcpSocket: {port: 1}}}),
    'may not specify more than 1 handler type',
  ],
  [
    'a liveness probe that must succeed twice',
    withContainer({livenessProbe: {tcpSocket: {port: 1}, successThreshold: 2}}),
    'livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    'a quantity that is none',
    withContainer({resources: {limits: {memory: '1 GB'}}}),
    `${at}.resources.limits[memory]: Invalid value: "1 GB"`,
  ],
  [
    'more requested than the limit',
    withContainer({resources: {limits: {cpu: 1}, requests: {cpu: 2}}}),
    'must be less than or equal to cpu limit of 1',
  ],
  [
    'a mount of no volume',
    withContainer({volumeMounts: [{name: 'x', mountPath: '/x'}]}),
    `${at}.volumeMounts[0].name: Invalid value: "x": not found`,
  ],
  [
    'a value and a source',
    withContainer({env: [{name: 'A', value: '1', valueFrom: {secretKeyRef: {name: 's', key: 'k'}}}]}),
    'may not be specified when `value` is not empty',
  ],
  [
    'pods that end',
    deployment('api', {
      template: {metadata: {labels: {app: 'api'}}, spec: {restartPolicy: 'Never', containers: [container()]}},
    }),
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    'neither surge nor absence',
    deployment('api', {strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}}),
    'may not be 0 when `maxSurge` is 0',
  ],
  [
    'a strategy nobody knows',
    deployment('api', {strategy: {type: 'BlueGreen'}}),
    'spec.strategy.type: Unsupported value: "BlueGreen"',
  ],
  ['an empty selector', deployment('api', {selector: {matchLabels: {}}}), 'empty selector is invalid for deployment'],
  [
    'a key of nobody’s Secret',
    withContainer({env: [{name: 'A', valueFrom: {secretKeyRef: {key: 'k'}}}]}),
    `${at}.env[0].valueFrom.secretKeyRef.name: Invalid value: ""`,
  ],
  [
    'a key that no Secret can have',
    withContainer({env: [{name: 'A', valueFrom: {secretKeyRef: {name: 's', key: 'a b'}}}]}),
    `${at}.env[0].valueFrom.secretKeyRef.key: Invalid value: "a b"`,
  ],
  [
    'a resource nobody knows',
    withContainer({resources: {limits: {disk: '1Gi'}}}),
    `${at}.resources.limits: Invalid value: "disk": must be a standard resource for containers`,
  ],
  [
    'a pause longer than its grace',
    withContainer({lifecycle: {preStop: {sleep: {seconds: 31}}}}),
    'must be non-negative and less than terminationGracePeriodSeconds (30)',
  ],
  [
    'a seccomp profile without a type',
    withPod({securityContext: {seccompProfile: {}}}),
    'seccompProfile.type: Required value: type is required when seccompProfile is set',
  ],
  [
    'a spread by keys without a selector',
    withPod({topologySpreadConstraints: [{...SPREAD, matchLabelKeys: ['pod-template-hash']}]}),
    'matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
  ],
  [
    'the same spread twice',
    withPod({topologySpreadConstraints: [SPREAD, SPREAD]}),
    'Duplicate value: "{zone, ScheduleAnyway}"',
  ],
  ['fewer than no replicas', deployment('api', {replicas: -1}), 'spec.replicas: Invalid value: -1'],
]

test.each(WRONG)('a deployment with %s is invalid and says where', async (_, object, message) => {
  await using cluster = await startCluster()
  const {status, body} = await cluster.call('POST', DEPLOYMENTS, object)
  expect(body.message).toContain(message)
  expect([status, body.reason]).toEqual([422, 'Invalid'])
  expect(body.details.causes.length).toBeGreaterThan(0)
})

const SYNCS = '/apis/secret-sync.gke.io/v1/namespaces/default/secretsyncs'
const synchronised = (...keys: string[]): Json => ({
  serviceAccountName: 'api',
  secretProviderClassName: 'secrets',
  secretObject: {type: 'Opaque', data: keys.map((key) => ({sourcePath: 'source', targetKey: key}))},
})

const POLICIES = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies'
const outwards = (rule: Json): Json => ({spec: {podSelector: {}, policyTypes: ['Egress'], egress: [rule]}})

const SCALERS = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
const SCALER = {scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name: 'a'}, minReplicas: 1, maxReplicas: 2}

const APIS = '/apis/apiregistration.k8s.io/v1/apiservices'
const API = {group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100}

const OTHERS: [string, string, Json, string][] = [
  [
    'an autoscaler whose minimum is over its maximum',
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    {spec: {scaleTargetRef: {kind: 'Deployment', name: 'a'}, minReplicas: 5, maxReplicas: 2}},
    'must be greater than or equal to `minReplicas`',
  ],
  [
    'an autoscaler that waits for too long',
    SCALERS,
    {spec: {...SCALER, behavior: {scaleDown: {stabilizationWindowSeconds: 3601}}}},
    'stabilizationWindowSeconds: Invalid value: 3601',
  ],
  [
    'an autoscaler of an unknown API',
    SCALERS,
    {spec: {...SCALER, scaleTargetRef: {kind: 'Deployment', name: 'a'}}},
    'spec.scaleTargetRef.apiVersion: Invalid value: ""',
  ],
  [
    'an autoscaler without a target',
    SCALERS,
    {spec: {...SCALER, metrics: [{type: 'Resource', resource: {name: 'cpu', target: {type: 'Utilization'}}}]}},
    'spec.metrics[0].resource.target: Required value',
  ],
  [
    'an autoscaler by a metric without a name',
    SCALERS,
    {spec: {...SCALER, metrics: [{type: 'External', external: {target: {type: 'Value', value: '1'}}}]}},
    'spec.metrics[0].external.metric.name: Required value',
  ],
  [
    'an API under another name',
    APIS,
    {metadata: {name: 'v2.example.com'}, spec: API},
    'must be `spec.version+"."+spec.group`: "v1.example.com"',
  ],
  [
    'an API without a rank',
    APIS,
    {metadata: {name: 'v1.example.com'}, spec: {...API, versionPriority: 0}},
    'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
  ],
  [
    'an API whose certificate is checked and is not',
    APIS,
    {
      metadata: {name: 'v1.example.com'},
      spec: {...API, service: {name: 'a', namespace: 'b'}, caBundle: 'YQ==', insecureSkipTLSVerify: true},
    },
    'may not be true if caBundle is present',
  ],
  [
    'a budget that says both',
    '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
    {spec: {minAvailable: 1, maxUnavailable: 1}},
    'minAvailable and maxUnavailable cannot be both set',
  ],
  [
    'a service without ports',
    '/api/v1/namespaces/default/services',
    {spec: {selector: {a: 'b'}}},
    'spec.ports: Required value',
  ],
  [
    'a service whose ports have no names',
    '/api/v1/namespaces/default/services',
    {spec: {ports: [{port: 1}, {port: 2}]}},
    'spec.ports[0].name: Required value',
  ],
  [
    'a job that restarts for ever',
    '/apis/batch/v1/namespaces/default/jobs',
    {spec: {template: {spec: {containers: [container()]}}}},
    'Unsupported value: "Always": supported values: "OnFailure", "Never"',
  ],
  [
    'a config map with an odd key',
    '/api/v1/namespaces/default/configmaps',
    {data: {'a b': '1'}},
    'a valid config key must consist of',
  ],
  ['a secret that is not base64', '/api/v1/namespaces/default/secrets', {data: {a: 'plain text'}}, 'must be base64'],
  [
    'a label with a blank',
    '/api/v1/namespaces/default/configmaps',
    {metadata: {name: 'a', labels: {a: 'b c'}}},
    'a valid label must be',
  ],
  ...['A_B', 'A__B', 'AB_', '_A'].map((key): [string, string, Json, string] => [
    `a synchronised secret with the key ${key}`,
    SYNCS,
    {spec: synchronised(key)},
    'spec.secretObject.data[0].targetKey in body should match',
  ]),
  [
    'a policy with a port out of range',
    POLICIES,
    outwards({ports: [{port: 0}]}),
    'spec.egress[0].ports[0].port: Invalid value: 0',
  ],
  [
    'a policy with an odd protocol',
    POLICIES,
    outwards({ports: [{protocol: 'ICMP'}]}),
    'Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
  ],
  [
    'a policy with an odd range',
    POLICIES,
    outwards({to: [{ipBlock: {cidr: '10.0.0.0'}}]}),
    'must be a valid CIDR value',
  ],
  [
    'a policy about nobody',
    POLICIES,
    outwards({to: [{}]}),
    'spec.egress[0].to[0]: Required value: must specify a peer',
  ],
  [
    'a service with an odd port name',
    '/api/v1/namespaces/default/services',
    {spec: {ports: [{port: 1, name: 'A b'}]}},
    'spec.ports[0].name: Invalid value: "A b"',
  ],
  ['a synchronised secret without keys', SYNCS, {spec: synchronised()}, 'should have at least 1 items'],
]

test.each([
  [
    'a name that is a number',
    {metadata: {name: 7}},
    'cannot unmarshal number into Go struct field ConfigMap.metadata.name',
  ],
  ['metadata that nobody knows', {metadata: {name: 'a', owner: 'me'}}, 'unknown field "metadata.owner"'],
])('%s is refused under strict validation', async (_, object, message) => {
  await using cluster = await startCluster()
  const path = '/api/v1/namespaces/default/configmaps?fieldValidation=Strict'
  const {status, body} = await cluster.call('POST', path, object as Json)
  expect(body.message).toContain(message)
  expect(status).toBe(400)
})

test.each(['AB_C', 'A', 'A-B', 'FOO--BAR', 'FOO-', 'tls.crt'])(
  'a synchronised secret may have the key %s',
  async (key) => {
    await using cluster = await startCluster()
    const {status} = await cluster.call('POST', SYNCS, {metadata: {name: 'a'}, spec: synchronised(key)})
    expect(status).toBe(201)
  },
)

test.each(OTHERS)('%s is invalid', async (_, path, object, message) => {
  await using cluster = await startCluster()
  const {status, body} = await cluster.call('POST', path, {metadata: {name: 'a'}, ...object})
  expect(body.message).toContain(message)
  expect(status).toBe(422)
})

const FIXED: [string, string, Json, Json, string][] = [
  [
    "a deployment's selector",
    DEPLOYMENTS,
    deployment('api'),
    {spec: {selector: {matchLabels: {app: 'b'}}}},
    'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
  ],
  [
    "a job's template",
    '/apis/batch/v1/namespaces/default/jobs',
    {metadata: {name: 'api'}, spec: {template: {spec: {restartPolicy: 'Never', containers: [container()]}}}},
    {spec: {template: {spec: {restartPolicy: 'OnFailure'}}}},
    'field is immutable',
  ],
  [
    'what an immutable config map holds',
    '/api/v1/namespaces/default/configmaps',
    configMap('api', {a: '1'}, {immutable: true}),
    {data: {a: '2'}},
    'data: Forbidden: field is immutable when `immutable` is set',
  ],
  [
    "a secret's type",
    '/api/v1/namespaces/default/secrets',
    {metadata: {name: 'api'}, stringData: {a: '1'}},
    {type: 'x/y'},
    'type: Invalid value: "x/y": field is immutable',
  ],
]

test.each(FIXED)('%s never changes', async (_, path, object, patch, message) => {
  await using cluster = await startCluster()
  expect((await cluster.call('POST', path, object)).status).toBe(201)
  const {status, body} = await cluster.call('PATCH', `${path}/api`, patch, {
    'content-type': 'application/merge-patch+json',
  })
  expect(body.message).toContain(message)
  expect(status).toBe(422)
})

test('defaults are filled in once: a second time changes nothing', () => {
  const probe = fc.constantFrom<Json>(undefined, {}, {httpGet: {port: 80}}, {grpc: {port: 1}, periodSeconds: 0})
  const image = fc.constantFrom('a', 'a:latest', 'a:1', 'h/a@sha256:0')
  const containers = fc.array(
    fc.record({image, livenessProbe: probe, ports: fc.constantFrom([], [{containerPort: 1}])}),
  )
  const strategy = fc.constantFrom<Json>(undefined, {type: 'Recreate'}, {rollingUpdate: {maxSurge: 1}})
  fc.assert(
    fc.property(containers, strategy, (each, how) => {
      const once = defaulted('apps/deployments', deployment('api', {strategy: how}, each))
      expect(defaulted('apps/deployments', once)).toEqual(once)
    }),
  )
})

test.each([
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['localhost:5000/nginx', 'Always'],
  ['nginx:1.2', 'IfNotPresent'],
  ['r/nginx@sha256:00', 'IfNotPresent'],
])('the image %s is pulled %s', (image, policy) => {
  const {spec} = defaulted('apps/deployments', deployment('api', {}, [container({image})]))
  expect(spec.template.spec.containers[0].imagePullPolicy).toBe(policy)
})
