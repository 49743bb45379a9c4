import {runCommand} from '../engine/obtain/spawn.ts'
import {HaError} from '../errors.ts'
import {SIGN_IN} from '../topology/kubeconfig.ts'

const QUICK_MS = 10_000

/** Asked before anything is begun: without it the first stack in a cluster would fail, half an hour into a deploy. @throws HaError TOOL_MISSING */
export async function requireSignIn(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const ran = await runCommand(SIGN_IN, ['--version'], {env, timeoutMs: QUICK_MS}).catch(() => undefined)
  if (ran?.code === 0) return
  throw new HaError('TOOL_MISSING', `${SIGN_IN} is not on PATH; the engine signs in to clusters with it.`, {
    next: [
      `gcloud components install ${SIGN_IN}`,
      'Other ways: https://docs.cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin',
    ],
  })
}
