import * as Flags from '@oclif/core/flags'

/** On every command. Environment variables are read here and in `command.ts` only. */
export const commonFlags = {
  json: Flags.boolean({summary: 'Print NDJSON: the format’s version, events, the result. People read stderr.'}),
  verbose: Flags.boolean({summary: 'Tell more: every part, what was skipped, causes of errors.'}),
  'no-color': Flags.boolean({summary: 'No colours.'}),
}

/** On commands that read ha.yaml. */
export const configFlags = {
  file: Flags.string({char: 'f', summary: 'Path of ha.yaml.', description: 'Searched upwards from here by default.'}),
  env: Flags.string({char: 'e', env: 'HA_ENV', summary: 'Environment; the first in ha.yaml by default.'}),
}

/** On commands that change something. */
export const approvalFlags = {
  yes: Flags.boolean({char: 'y', summary: 'Do not ask; needed without a terminal.'}),
}

export const lockFlags = {
  'lock-timeout': Flags.string({
    summary: 'How long to wait while another run holds the lock: 30s, 5m.',
    default: '0s',
  }),
}
