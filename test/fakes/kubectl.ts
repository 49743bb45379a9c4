/** kubectl itself, where it is installed. */
import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {execa} from 'execa'
import {test} from 'vitest'

export const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], {stdio: 'ignore'})
    return true
  } catch {
    return false
  }
})()

/** A test that is skipped, with its reason, where there is no kubectl. */
export const rule = (title: string, body: () => Promise<void>) =>
  test(title, ({skip}) => {
    skip(!hasKubectl, 'kubectl is not installed on this machine')
    return body()
  })

/** Never rejects; what it caches lies in `dir`. */
export const runKubectl = (kubeconfig: string, dir: string, args: readonly string[], input?: string) =>
  execa('kubectl', ['--kubeconfig', kubeconfig, '--cache-dir', join(dir, 'cache'), ...args], {
    ...{timeout: 60_000, reject: false, all: true},
    ...(input !== undefined && {input}),
  })
