import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {requireSignIn} from '../../src/environment/sign-in.ts'
import {kubeconfigOf, SIGN_IN} from '../../src/topology/kubeconfig.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ha-sign-in-'))
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

test('a machine that cannot sign in to clusters is told so before anything is begun', async () => {
  await expect(requireSignIn({PATH: folder})).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    exit: 69,
    next: expect.arrayContaining([`gcloud components install ${SIGN_IN}`]),
  })
  writeFileSync(join(folder, SIGN_IN), '#!/bin/sh\necho Kubernetes v1.34\n')
  chmodSync(join(folder, SIGN_IN), 0o755)
  await requireSignIn({PATH: folder})
})

test('clusters are signed in to as whom ha itself asks Google: a pipeline has no other identity', () => {
  const [user] = JSON.parse(kubeconfigOf('gcp', 'x.gke.goog', 'us-east1', 'shop')).users
  expect(user.user.exec).toMatchObject({command: SIGN_IN, args: ['--use_application_default_credentials']})
})
