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

/** On commands that change an environment, under its lock. */
export const changeFlags = {...commonFlags, ...configFlags, ...approvalFlags, ...lockFlags}

/** What of the graph is looked at. */
export const scopeFlags = {
  set: Flags.string({
    summary: 'Override a setting for this run: services.api.image=…; the next one without it takes it back.',
    multiple: true,
  }),
  only: Flags.string({
    summary: 'Only this stack or step; what it needs is taken as it was last recorded.',
    multiple: true,
  }),
  all: Flags.boolean({summary: 'Run also what has not changed.'}),
  refresh: Flags.boolean({summary: 'Look at the world first: run also what has not changed, and mend drift.'}),
}

export const despiteFlag = Flags.string({
  summary: 'Why it is done so soon after the last operation, or in a blocked window; kept in the journal.',
})
