import type {Target} from '../config/config.ts'
import type {Seal} from '../engine/seal.ts'

export interface Ejected {
  readonly app: string
  readonly environment: string
  readonly target: Target
  /** Of Pulumi. */
  readonly version: string
  readonly stacks: readonly string[]
  readonly seal: Seal
}

/** What somebody who has never seen ha needs to go on without it. Pure; holds no secret. */
export function ejectReadme({app, environment, target, version, stacks, seal}: Ejected): string {
  const first = stacks[0]
  return [
    `# ${app} (${environment}), a Pulumi project`,
    '',
    'Written by `ha eject`: the programs that ha ran, what each stack was made from, and the same state. Nothing was changed',
    'by writing it: a preview of every stack is empty.',
    '',
    '```sh',
    'npm install',
    `# Pulumi ${version}: https://www.pulumi.com/docs/iac/download-install/versions/`,
    ...(seal.kind === 'passphrase' ? ['export PULUMI_CONFIG_PASSPHRASE=…   # the passphrase of this state'] : []),
    ...(target === 'local'
      ? [
          'export PULUMI_DEBUG_PROVIDERS=gcp:PORT,kubernetes:PORT   # of the emulator: .ha/…/emulator/emulator.json, providers',
        ]
      : []),
    `pulumi preview --stack ${first}`,
    '```',
    '',
    '| Where | What |',
    '| --- | --- |',
    '| `programs/stacks/` | the programs, a folder each |',
    '| `inputs/STACK.json` | everything a stack is made from; edit it, then `pulumi up --stack STACK` |',
    '| `topology.json` | the whole platform, as ha derived it |',
    '',
    'Order, the first first:',
    '',
    ...stacks.map((name) => `1. \`${name}\``),
    '',
    'What ha did between them is yours now: the database’s users and grants, migrations, the self links of network endpoint',
    'groups (`edge` has them in its input), secrets’ values, and after a failover which instance is the primary (`data`).',
    'Use one or the other: ha notices changes of the state and refuses saved plans, but it would make what ha.yaml says.',
    '',
  ].join('\n')
}
