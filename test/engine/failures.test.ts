import {expect, test} from 'vitest'
import {type Complaint, clean, problemsFrom} from '../../src/engine/failures.ts'
import {holdsSecret, redactDeep, redactor} from '../../src/engine/redact.ts'

const urn = 'urn:pulumi:data::rent::gcp:sql/databaseInstance:DatabaseInstance::primary'
const part = {stack: 'data', what: 'Cloud SQL instance', name: 'rent-g1', stateful: true}
const problems = (...complaints: Complaint[]) =>
  problemsFrom(complaints, (each) => (each === urn ? part : undefined), redactor([]))

test('a resource’s failure is one problem in ha’s names, the engine’s echoes left out', () => {
  expect(
    problems(
      {
        urn,
        message: '<{%reset%}>error: googleapi: Error 409: The instance already exists., alreadyExists<{%reset%}>\n',
      },
      {urn, message: 'again the same resource'},
      {urn: 'urn:pulumi:data::rent::pulumi:pulumi:Stack::rent-data', message: 'error: update failed'},
      {message: "error: Running program '/x' failed with an unhandled exception:"},
      {message: 'Unhandled exception: Error: googleapi: Error 409: The instance already exists., alreadyExists'},
    ),
  ).toEqual([
    {
      urn,
      code: 'ALREADY_EXISTS',
      message: 'Cloud SQL instance rent-g1: googleapi: Error 409: The instance already exists., alreadyExists',
      next: [expect.any(String)],
    },
  ])
})

test('when nothing but an echo was said, the echo is better than nothing', () => {
  expect(problems({message: 'update failed'})).toEqual([{code: 'FAILED', message: 'update failed', next: []}])
})

test.each([
  ['the stack is currently locked by 1 lock(s)', 'STACK_LOCKED'],
  ['googleapi: Error 403: Quota CPUS exceeded in region', 'QUOTA'],
  ['googleapi: Error 403: The client is not authorized to make this request., notAuthorized', 'FORBIDDEN'],
  ['Compute API has not been used in project 1 before', 'API_DISABLED'],
  ['google: could not find default credentials', 'UNAUTHENTICATED'],
  ['Get "https://10.0.0.1": dial tcp: connection refused', 'UNREACHABLE'],
  ['no resource plugin "pulumi-resource-gcp" found', 'PLUGIN_MISSING'],
  ['context deadline exceeded', 'TIMED_OUT'],
  ['write /x: no space left on device', 'DISK_FULL'],
  ['nobody knows this one', 'FAILED'],
])('"%s" is %s', (message, code) => {
  expect(problems({message})[0]!.code).toBe(code)
})

/** As services word them, of resources made up. */
test.each([
  [
    'compute',
    "googleapi: Error 403: Required 'compute.networks.create' permission for 'projects/shop-prod/global/networks/shop', forbidden",
    'compute.networks.create',
  ],
  [
    'container',
    'googleapi: Error 403: Required "container.clusters.create" permission(s) for "projects/shop-prod"., forbidden',
    'container.clusters.create',
  ],
  [
    'pubsub',
    'googleapi: Error 403: User not authorized to perform this action.\nDetails:\n[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "iam.googleapis.com", "metadata": {"permission": "pubsub.topics.create", "resource": "projects/shop-prod"}, "reason": "IAM_PERMISSION_DENIED"}]',
    'pubsub.topics.create',
  ],
  [
    'secretmanager',
    "googleapi: Error 403: Permission 'secretmanager.secrets.create' denied for resource '//cloudresourcemanager.googleapis.com/projects/shop-prod' (or it may not exist).",
    'secretmanager.secrets.create',
  ],
  [
    'storage',
    "googleapi: Error 403: d@shop-prod.iam.gserviceaccount.com does not have storage.buckets.create access to the Google Cloud project. Permission 'storage.buckets.create' denied on resource '//storage.googleapis.com/projects/shop-prod' (or it may not exist)., forbidden",
    'storage.buckets.create',
  ],
  [
    'the Kubernetes API',
    'deployments.apps "api" is forbidden: User "d@shop-prod.iam.gserviceaccount.com" cannot patch resource "deployments" in API group "apps" in the namespace "shop": requires one of ["container.deployments.update"] permission(s).',
    'container.deployments.update',
  ],
])('a permission that is missing is named, with the line that grants it: %s', (service, message, permission) => {
  const [problem] = problems({message})
  const project = service === 'the Kubernetes API' ? 'PROJECT' : 'shop-prod'
  expect(problem!.code).toBe('PERMISSION_MISSING')
  expect(problem!.next[0]).toContain(
    `gcloud iam roles update haDeployer --project=${project} --add-permissions=${permission}`,
  )
})

test.each([
  'googleapi: Error 403: Cloud SQL Admin API has not been used in project 123456789 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/sqladmin.googleapis.com/overview?project=123456789 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry., accessNotConfigured',
  'googleapi: Error 403: Cloud SQL Admin API has not been used in project 123456789 before or it is disabled.\nDetails:\n[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "metadata": {"consumer": "projects/123456789", "service": "sqladmin.googleapis.com"}, "reason": "SERVICE_DISABLED"}]',
])('an API that is off is named, with the line that turns it on', (message) => {
  const [problem] = problems({message})
  expect(problem!.code).toBe('API_DISABLED')
  expect(problem!.next[0]).toContain('gcloud services enable sqladmin.googleapis.com --project=123456789')
})

test('a key of the state that was shut is named, with the line that opens it', () => {
  const message =
    'error: could not decrypt state: secrets (code=FailedPrecondition): rpc error: code = FailedPrecondition desc = projects/shop-prod/locations/us/keyRings/ha/cryptoKeys/shop-production/cryptoKeyVersions/3 is not enabled, current state is: DISABLED.'
  expect(problems({message})[0]).toMatchObject({
    code: 'KEY_DISABLED',
    next: ['gcloud kms keys versions enable 3 --key=shop-production --keyring=ha --location=us --project=shop-prod'],
  })
  const [problem] = problems({message: message.replace('DISABLED', 'DESTROY_SCHEDULED')})
  expect(problem!.next[0]).toContain('gcloud kms keys versions restore 3 ')
})

test('stack traces, colours and URNs are no part of a message', () => {
  const message = `\u001b[31merror:\u001b[0m Error: boom at ${urn}\n    at file:///x/y.js:1:2\n    at Object.<anonymous> (/x.js:1:1)\nnode:internal/x:1`
  expect(clean(message)).toBe('Error: boom at primary')
})

test.each([
  ['private key: -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- end', 'MIIE'],
  ['postgresql://app:hunter22@10.0.0.1/db', 'hunter22'],
  ['Authorization: Bearer ya29.a0AfH6SMBx-1234567890', 'ya29'],
  ['{"password": "hunter22"}', 'hunter22'],
  ['password=hunter22 host=x', 'hunter22'],
  ['token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhcGkifQ.c2lnbmF0dXJl', 'eyJ'],
  ['key sk_live_abcdefghijkl', 'sk_live'],
])('a secret is known by its signature: %s', (text, secret) => {
  expect(redactor([])(text)).not.toContain(secret)
})

test('a secret is known by its value, wherever it stands; short values blank nothing', () => {
  const redact = redactor(['s3cret-value', 'ab'])
  expect(redact('about s3cret-value.')).toBe('about [secret].')
  expect(redactDeep({a: ['x s3cret-value']}, redact)).toEqual({a: ['x [secret]']})
})

test.each([
  'projects/p/secrets/STRIPE_KEY',
  'https://x.y/z?tokens=no',
  'secret STRIPE_KEY',
  'serviceAccount:api@p.iam.gserviceaccount.com',
])('innocent text stays: %s', (text) => {
  if (text.includes('tokens=')) expect(redactor([])(text)).toContain('https://x.y/z')
  else expect(redactor([])(text)).toBe(text)
})

test('what Pulumi marks as a secret is found at any depth', () => {
  const secret = {'4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', ciphertext: 'v1:x'}
  expect(holdsSecret({a: [{b: secret}]})).toBe(true)
  expect(holdsSecret({a: [{b: 'plain'}]})).toBe(false)
  expect(redactDeep({a: secret}, redactor([]))).toEqual({a: '[secret]'})
})
