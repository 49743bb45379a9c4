import {expect, test} from 'vitest'
import type {Json, KubeObject} from '../../../src/emulator/kubernetes/api/store.ts'
import {
  environmentOf,
  expand,
  NotStartable,
  type Setting,
  toHost,
} from '../../../src/emulator/kubernetes/control/kubelet/environment.ts'
import {entryFor, type Registered} from '../../../src/emulator/kubernetes/control/kubelet/images.ts'
import {portsOf} from '../../../src/emulator/kubernetes/control/kubelet/pod-ports.ts'

const ports = new Map([
  [8080, 31_001],
  [5432, 31_002],
])

test.each([
  ['8080', '31001'],
  [':8080', ':31001'],
  ['postgresql://u:p@127.0.0.1:5432/db?x=1', 'postgresql://u:p@127.0.0.1:31002/db?x=1'],
  ['http://localhost:8080', 'http://localhost:31001'],
  ['0.0.0.0:8080', '0.0.0.0:31001'],
  ['--port=8080', '--port=31001'],
  ['127.0.0.1:80801', '127.0.0.1:80801'],
  ['example.com:8080', 'example.com:8080'],
  ['9090', '9090'],
  ['order 8080', 'order 8080'],
])('a container port in an environment value or an argument becomes its host port: %s', (text, expected) => {
  expect(toHost(text, ports)).toBe(expected)
})

test.each([
  ['$(A)-$(B)', '1-2'],
  ['$$(A)', '$(A)'],
  ['$(MISSING) $HOME', '$(MISSING) $HOME'],
])('variables are expanded as Kubernetes does: %s', (text, expected) => {
  expect(expand(text, {A: '1', B: '2'})).toBe(expected)
})

const object = (data: Json): KubeObject => ({apiVersion: 'v1', kind: 'Secret', metadata: {name: 'x'}, data})
const kept: Record<string, KubeObject> = {
  'configmaps/settings': object({LEVEL: 'info'}),
  'secrets/keys': object({STRIPE: Buffer.from('sk').toString('base64')}),
}
const setting: Setting = {
  ports,
  base: {PATH: '/bin', PORT: '1'},
  pod: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name: 'api-1', namespace: 'shop', uid: 'u', labels: {app: 'api'}},
    spec: {nodeName: 'node-b', serviceAccountName: 'api', containers: []},
  },
  lookup: (resource, name) => kept[`${resource}/${name}`],
}

test('values come from fields, resources, config maps and secrets', () => {
  const from = (name: string, valueFrom: Json) => ({name, valueFrom})
  const container = {
    name: 'main',
    resources: {requests: {cpu: '250m'}, limits: {memory: '64Mi'}},
    envFrom: [{configMapRef: {name: 'settings'}, prefix: 'APP_'}, {secretRef: {name: 'none', optional: true}}],
    env: [
      {name: 'PORT', value: '8080'},
      {name: 'URL', value: 'http://localhost:8080/$(APP_LEVEL)'},
      from('POD', {fieldRef: {fieldPath: 'metadata.name'}}),
      from('APP', {fieldRef: {fieldPath: "metadata.labels['app']"}}),
      from('NODE', {fieldRef: {fieldPath: 'spec.nodeName'}}),
      from('STRIPE', {secretKeyRef: {name: 'keys', key: 'STRIPE'}}),
      from('NOTHING', {secretKeyRef: {name: 'keys', key: 'PAYPAL', optional: true}}),
      from('CPU', {resourceFieldRef: {resource: 'requests.cpu', divisor: '1m'}}),
      from('MEMORY', {resourceFieldRef: {resource: 'limits.memory', divisor: '1Mi'}}),
    ],
  }
  expect(environmentOf(container, setting)).toEqual({
    ...{
      PATH: '/bin',
      PORT: '31001',
      URL: 'http://localhost:31001/info',
      APP_LEVEL: 'info',
      POD: 'api-1',
      APP: 'api',
      NODE: 'node-b',
    },
    ...{STRIPE: 'sk', CPU: '250', MEMORY: '64'},
  })
})

test.each([
  [{secretKeyRef: {name: 'gone', key: 'a'}}, 'secret "gone" not found'],
  [{configMapKeyRef: {name: 'gone', key: 'a'}}, 'configmap "gone" not found'],
  [{secretKeyRef: {name: 'keys', key: 'a'}}, "couldn't find key a in Secret shop/keys"],
])('a container whose setting is missing waits and says for what: %o', (valueFrom, message) => {
  const start = () => environmentOf({name: 'main', env: [{name: 'A', valueFrom}]}, setting)
  expect(start).toThrow(new NotStartable('CreateContainerConfigError', message))
})

const registered: Registered[] = [
  {image: 'app:1', container: 'api', command: 'node api.js', cwd: '/app'},
  {image: 'tools:1', command: 'LEVEL=1 node tool.js', cwd: '/tools'},
]
test.each([
  ['the container’s own command line', {name: 'api', image: 'app:1'}, ['exec node api.js'], '/app'],
  ['it even instead of a command', {name: 'api', image: 'app:1', command: ['x']}, ['exec node api.js'], '/app'],
  [
    'a pod’s own command in the image’s folder',
    {name: 'migrate', image: 'app:1', command: ['node', 'm.js'], args: ['-v']},
    ['node', 'm.js', '-v'],
    '/app',
  ],
  [
    'the image’s command line, with arguments',
    {name: 'any', image: 'tools:1', args: ['-v']},
    ['LEVEL=1 node tool.js "$@"', '-v'],
    '/tools',
  ],
])('for an image runs %s', (_, container, parts, cwd) => {
  const entry = entryFor(container, registered)
  expect(entry?.cwd).toBe(cwd)
  const line = parts[0]!.includes(' ')
  const rest = parts.length > 1 ? ['sh', ...parts.slice(1)] : []
  expect(entry?.command).toEqual(line ? ['/bin/sh', '-c', parts[0], ...rest] : parts)
})

test.each([
  ['node api.js --x "a b" > log', 'exec node api.js --x "a b" > log'],
  ['./run', 'exec ./run'],
  ['A=1 node api.js', 'A=1 node api.js'],
  ['cd api && node api.js', 'cd api && node api.js'],
  ['exit 3', 'exit 3'],
  ['npm start; echo done', 'npm start; echo done'],
])('a command line that is one program replaces the shell: %s', (command, line) => {
  expect(entryFor({name: 'a', image: 'x'}, [{image: 'x', command, cwd: '/'}])?.command).toEqual(['/bin/sh', '-c', line])
})

test('a job runs its own command although its container is named as the service’s', () => {
  const container = {name: 'api', image: 'app:1', command: ['/bin/sh', '-c', 'exec node migrate.js']}
  expect(entryFor(container, registered, true)).toEqual({command: container.command, cwd: '/app'})
})

test('an image that nobody registered has no command', () => {
  expect(entryFor({name: 'other', image: 'app:1'}, registered)).toBeUndefined()
  expect(entryFor({name: 'api', image: 'app:2'}, registered)).toBeUndefined()
})

test('a pod’s ports are those it declares, those its probes call and those in the proxy’s flags', () => {
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name: 'p'},
    spec: {
      initContainers: [
        {name: 'proxy', args: ['--http-port=9801', 'db.shop.internal?port=5433', '--port=5432', '--max=7']},
      ],
      containers: [
        {
          name: 'main',
          ports: [{name: 'http', containerPort: 8080}],
          readinessProbe: {httpGet: {port: 'http'}},
          livenessProbe: {tcpSocket: {port: 9000}},
        },
      ],
    },
  }
  expect(portsOf(pod).sort()).toEqual([5432, 5433, 8080, 9000, 9801])
})
