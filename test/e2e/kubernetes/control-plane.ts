/** A real Kubernetes control plane, as far as an API server and its etcd are one: everything is stored and checked, nothing is run. */
import {type ChildProcess, spawn} from 'node:child_process'
import {generateKeyPairSync} from 'node:crypto'
import {once} from 'node:events'
import {existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {Agent, request} from 'undici'
import {freePort} from '../../emulator/compute/world.ts'

const TOKEN = 'test'
const READY_WITHIN_MS = 120_000

export interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server answers
  readonly body: any
  /** What kubectl would print as `Warning: …`. */
  readonly warnings: readonly string[]
}

export interface ControlPlane extends AsyncDisposable {
  readonly version: string
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<Reply>
}

/** `apiserver` and `etcd` are the binaries' paths. Throws with the end of its log when a server ends before it is ready. */
export async function startControlPlane({apiserver, etcd}: {apiserver: string; etcd: string}): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'ha-control-plane-'))
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()]
  writeFileSync(join(folder, 'tokens.csv'), `${TOKEN},admin,admin,system:masters\n`)
  const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048})
  writeFileSync(join(folder, 'accounts.key'), privateKey.export({type: 'pkcs8', format: 'pem'}))
  const store = start(folder, 'etcd', etcd, [
    ...['--data-dir', join(folder, 'etcd')],
    ...[
      '--listen-client-urls',
      `http://127.0.0.1:${clients}`,
      '--advertise-client-urls',
      `http://127.0.0.1:${clients}`,
    ],
    ...[
      '--listen-peer-urls',
      `http://127.0.0.1:${peers}`,
      '--initial-advertise-peer-urls',
      `http://127.0.0.1:${peers}`,
    ],
    ...['--initial-cluster', `default=http://127.0.0.1:${peers}`],
  ])
  const server = start(folder, 'apiserver', apiserver, [
    `--etcd-servers=http://127.0.0.1:${clients}`,
    ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${port}`],
    `--cert-dir=${join(folder, 'certificates')}`,
    ...[`--token-auth-file=${join(folder, 'tokens.csv')}`, '--authorization-mode=RBAC'],
    ...['--service-account-issuer=https://kubernetes.default.svc', '--service-cluster-ip-range=10.32.0.0/20'],
    // As GKE has it; what a namespace's labels say of it is asked here.
    '--allow-privileged=true',
    `--service-account-key-file=${join(folder, 'accounts.key')}`,
    `--service-account-signing-key-file=${join(folder, 'accounts.key')}`,
  ])
  const stop = async () => {
    for (const child of [server, store]) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(folder, {recursive: true, force: true})
  }
  try {
    const call = await connect(folder, port, [store, server])
    const version = (await call('GET', '/version')).body.gitVersion
    return {version, call, [Symbol.asyncDispose]: stop}
  } catch (error) {
    await stop()
    throw error
  }
}

function start(folder: string, name: string, command: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), 'w')
  return spawn(command, args, {cwd: folder, stdio: ['ignore', log, log]})
}

/** Once the server says it is ready. It makes its certificate itself, so that can only be read then. */
async function connect(folder: string, port: number, children: readonly ChildProcess[]): Promise<ControlPlane['call']> {
  const certificate = join(folder, 'certificates', 'apiserver.crt')
  const until = performance.now() + READY_WITHIN_MS
  while (performance.now() < until) {
    const ended = children.find((child) => child.exitCode !== null || child.signalCode !== null)
    if (ended) break
    if (existsSync(certificate)) {
      const dispatcher = new Agent({connect: {ca: readFileSync(certificate)}})
      const call = caller(`https://127.0.0.1:${port}`, dispatcher)
      const ready = await call('GET', '/readyz').catch(() => undefined)
      if (ready?.status === 200) return call
      await dispatcher.close()
    }
    await sleep(100)
  }
  const logs = ['etcd', 'apiserver'].map((name) => readFileSync(join(folder, `${name}.log`), 'utf8').slice(-1500))
  throw new Error(`The control plane did not get ready.\n${logs.join('\n')}`)
}

const caller =
  (url: string, dispatcher: Agent): ControlPlane['call'] =>
  async (method, path, body, contentType = 'application/json') => {
    const answer = await request(url + path, {
      dispatcher,
      method: method as 'GET',
      headers: {authorization: `Bearer ${TOKEN}`, ...(body !== undefined && {'content-type': contentType})},
      ...(body !== undefined && {body: JSON.stringify(body)}),
    })
    const text = await answer.body.text()
    const isJson = String(answer.headers['content-type']).includes('json')
    return {
      status: answer.statusCode,
      body: isJson ? JSON.parse(text) : text,
      warnings: [answer.headers.warning ?? []].flat(),
    }
  }
