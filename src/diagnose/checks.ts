/** Facts → checks. Pure: what each fact means, and what to type about it. */
import {SIGN_IN} from '../topology/kubeconfig.ts'
import type {Check, EngineFacts, Facts, MachineFacts, PortFacts, PostgresFacts, ProjectFacts, Verdict} from './facts.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

/** Two regions of the rental example with their databases, with room to spare. */
const DISK = {bad: 512 * MiB, warn: 2 * GiB, build: 4 * GiB}
const MEMORY = {bad: 512 * MiB, warn: 1536 * MiB}

/** `call`: a command of ha as it can be pasted. */
export function checksOf({machine, port, project}: Facts, call: (command: string) => string): readonly Check[] {
  const running = project !== undefined && 'emulator' in project && project.emulator === 'ready'
  return [
    nodeCheck(machine),
    platformCheck(machine),
    engineCheck(machine.engine, call),
    postgresCheck(machine.postgres),
    diskCheck(machine),
    memoryCheck(machine, running),
    portCheck(port),
    toolCheck(
      'kubectl',
      machine.tools.kubectl,
      'to look inside a region’s cluster',
      'https://kubernetes.io/docs/tasks/tools/',
    ),
    signInCheck(machine.tools.signIn, project),
    toolCheck('psql', machine.tools.psql, 'to look inside the database', 'https://www.postgresql.org/download/'),
    ...(project === undefined ? [] : projectChecks(project, call)),
  ]
}

const check = (name: string, verdict: Verdict, what: string, ...next: readonly string[]): Check => ({
  name,
  verdict,
  what,
  next,
})

function nodeCheck({node}: MachineFacts): Check {
  const [major = 0, minor = 0] = node.replace(/^v/, '').split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 15)) return check('Node', 'ok', node)
  return check('Node', 'bad', `${node}; ha needs 22.15 or newer.`, 'Install a newer one: https://nodejs.org')
}

function platformCheck({platform, arch}: MachineFacts): Check {
  const name = `${platform} ${arch}`
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return check('System', 'ok', name)
  if (platform === 'darwin') return check('System', 'warn', `${name}: meant to work, tried on Linux alone so far.`)
  return check('System', 'bad', `${name} is not supported.`, 'Use Linux or macOS; on Windows: WSL 2.')
}

function engineCheck({version, found, missing}: EngineFacts, call: (command: string) => string): Check {
  const name = 'Engine'
  if (found) return check(name, 'ok', `Pulumi ${version} (${found.from}): ${found.path}`)
  const absent = `Pulumi ${version} is not here yet`
  const install = call('engine install')
  if (missing?.canDownload) return check(name, 'warn', `${absent}; the first deploy downloads it.`, install)
  if (missing?.go !== undefined && missing.canFetchSources)
    return check(name, 'warn', `${absent}; the first deploy builds it from source, which takes some minutes.`, install)
  const whyNot = missing?.go === undefined ? 'Go is not installed' : 'its sources cannot be fetched'
  return check(
    name,
    'bad',
    `${absent}: the download site cannot be reached, and ${whyNot}.`,
    `Install Pulumi ${version} so that it is on PATH: https://www.pulumi.com/docs/iac/download-install/versions/`,
    'or let this machine reach github.com, or install Go (https://go.dev/dl/) and let it reach a module proxy;',
    `then: ${install}`,
  )
}

function postgresCheck(facts: PostgresFacts): Check {
  const name = 'PostgreSQL'
  if ('problem' in facts)
    return check(name, 'bad', facts.problem, 'Run npm install again without --omit=optional, on this very machine.')
  const {version, uid, closed} = facts
  if (uid === undefined) return check(name, 'ok', version)
  const elsewhere = closed === undefined ? '' : `; data lies in /var/lib/ha-emulator, as ${closed} lets only root in`
  return check(name, 'ok', `${version}; you are root, so its servers run as user ${uid}${elsewhere}.`)
}

const gib = (bytes: number) => `${(bytes / GiB).toFixed(1)} GiB`

function diskCheck({disk, engine}: MachineFacts): Check {
  const {path, freeBytes, writable} = disk
  if (!writable)
    return check(
      'Disk',
      'bad',
      `${path} cannot be written.`,
      'Work in a folder of your own, or change its permissions.',
    )
  const what = `${gib(freeBytes)} free at ${path}`
  if (freeBytes < DISK.bad) return check('Disk', 'bad', `${what}; a platform needs about 1 GiB.`, 'Free some space.')
  const mustBuild = engine.missing !== undefined && !engine.missing.canDownload
  if (freeBytes < (mustBuild ? DISK.build : DISK.warn))
    return check(
      'Disk',
      'warn',
      `${what}; ${mustBuild ? 'building the engine takes about 3 GiB' : 'that is little'}.`,
      'Free some space.',
    )
  return check('Disk', 'ok', what)
}

function memoryCheck({memory: {availableBytes}}: MachineFacts, running: boolean): Check {
  const what = `${gib(availableBytes)} available`
  if (running || availableBytes >= MEMORY.warn) return check('Memory', 'ok', what)
  const needs = `${what}; two regions of the rental template take about 1 GiB.`
  return check(
    'Memory',
    availableBytes < MEMORY.bad ? 'bad' : 'warn',
    needs,
    'End something, or start with --template minimal.',
  )
}

function portCheck({port, asked, free, holder, ours}: PortFacts): Check {
  const name = 'Port'
  if (free) return check(name, 'ok', `${port} is free`)
  if (ours) return check(name, 'ok', `${port} serves this environment`)
  const who = holder ? `${holder.command} (process ${holder.pid})` : 'another program'
  if (!asked) return check(name, 'ok', `${port} is taken by ${who}; another one will be used`)
  return check(
    name,
    'bad',
    `${port}, which ha.yaml asks for, is taken by ${who}.`,
    ...(holder ? [`End it: kill ${holder.pid}`] : []),
    'or choose another: `edge: {port: …}` in ha.yaml, or leave it out.',
  )
}

const toolCheck = (name: string, version: string | undefined, why: string, where: string): Check =>
  version === undefined ? check(name, 'warn', `not installed; only needed ${why}.`, where) : check(name, 'ok', version)

function signInCheck(version: string | undefined, project: Facts['project']): Check {
  const name = 'Sign-in'
  if (version !== undefined) return check(name, 'ok', `${SIGN_IN}: ${version}`)
  const needed = project !== undefined && 'target' in project && project.target === 'gcp'
  const why = needed ? 'the engine signs in to clusters with it.' : 'only needed to deploy to Google Cloud.'
  const install = `gcloud components install ${SIGN_IN}`
  return check(name, needed ? 'bad' : 'warn', `${SIGN_IN} is not installed; ${why}`, install)
}

function projectChecks(facts: NonNullable<Facts['project']>, call: (command: string) => string): readonly Check[] {
  if ('problem' in facts) return [check('ha.yaml', 'warn', facts.problem, ...facts.next)]
  const {app, environment} = facts
  return [
    check('ha.yaml', 'ok', `${app} (${environment})`),
    lockCheck(facts, call),
    emulatorCheck(facts, call),
    pendingCheck(facts, call),
  ]
}

type Call = (command: string) => string

function lockCheck({lock}: ProjectFacts, call: Call): Check {
  if (!lock) return check('Lock', 'ok', 'free')
  const who = `${lock.owner} on ${lock.host}: ${lock.operation}`
  if (!lock.dead) return check('Lock', 'ok', `held by ${who}`)
  return check('Lock', 'warn', `left by ${who}, which is gone; the next deploy takes it over.`, call('lock release'))
}

function emulatorCheck({emulator, deployed}: ProjectFacts, call: Call): Check {
  const name = 'Local cloud'
  if (emulator === 'ready') return check(name, 'ok', 'runs')
  if (emulator === 'silent') return check(name, 'warn', 'was started, but does not answer.', call('deploy'))
  return deployed
    ? check(name, 'warn', 'is down, with a platform in it; a deploy brings all of it back.', call('deploy'))
    : check(name, 'ok', 'not started yet')
}

const pendingCheck = ({pending}: ProjectFacts, call: Call): Check =>
  pending === 0
    ? check('State', 'ok', 'nothing left unfinished')
    : check(
        'State',
        'warn',
        `${pending} unfinished, of a run that was cut short; the next deploy mends it.`,
        call('deploy'),
      )
