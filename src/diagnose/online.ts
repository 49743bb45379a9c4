/** `ha validate --online`: the checks at Google, for the environment that was chosen. */
import {resolveNs} from 'node:dns/promises'
import {CHECKS, type CheckName, checkOnline, type Finding} from '../cloud/checks.ts'
import type {Wires} from '../cloud/wires.ts'
import type {Config} from '../config/config.ts'
import {googleOf} from '../environment/google.ts'
import {HaError} from '../errors.ts'
import {deriveTopology} from '../topology/derive.ts'
import {initialRoles} from '../topology/roles.ts'

const DNS_MS = 5000

/** @throws HaError USAGE: an unknown check to skip, or a target that has nothing online. */
export async function validateOnline(
  config: Config,
  skip: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  if (config.target !== 'gcp') {
    throw new HaError('USAGE', `${config.environment} runs on this machine: there is nothing online to check.`, {
      next: ['ha doctor checks this machine.', 'Or name an environment on Google Cloud: -e production'],
    })
  }
  const unknown = skip.find((name) => !CHECKS.includes(name as CheckName))
  if (unknown !== undefined)
    throw new HaError('USAGE', `There is no check "${unknown}".`, {next: [`Checks: ${CHECKS.join(', ')}`]})
  return checkOnline({
    wires: wiresOrWhy(config, env),
    topology: deriveTopology(config, initialRoles(config)),
    nameservers: (domain) => withDeadline(resolveNs(domain)),
    skip: skip as readonly CheckName[],
  })
}

/** Missing credentials are one finding among others, not the end. */
function wiresOrWhy(config: Config, env: Readonly<Record<string, string | undefined>>): Wires {
  try {
    return googleOf(config, env)
  } catch (thrown) {
    return {base: (api) => `https://${api}.googleapis.com`, token: () => Promise.reject(thrown)}
  }
}

function withDeadline<T>(asked: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(DNS_MS)
  return Promise.race([
    asked,
    new Promise<never>((_, reject) => late.addEventListener('abort', () => reject(late.reason), {once: true})),
  ])
}
