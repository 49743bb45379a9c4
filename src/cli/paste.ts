/** Commands of ha in hints, as they can be pasted where this one was typed. Pure. */
import {relative} from 'node:path'

export interface Given {
  readonly file?: string | undefined
  readonly env?: string | undefined
}

/**
 * How this ha was started: `ha` (on PATH), `npx ha` (installed in a project), `bin/run.js` (a clone). `script` is process.argv[1],
 * which npm's links leave unresolved.
 */
export function selfOf(script: string, cwd: string): string {
  if (script.includes('node_modules/')) return 'npx ha'
  if (!script.endsWith('run.js')) return 'ha'
  const near = relative(cwd, script)
  return near.startsWith('../../../') ? script : near
}

const ABOUT_NO_PROJECT = /^(init|engine|schema|help)\b/

/** `status --watch` → `bin/run.js status --watch -f templates/rental/ha.yaml`. */
export function callOf(self: string, {file, env}: Given): (command: string) => string {
  const flags = [...(file === undefined ? [] : ['-f', quoted(file)]), ...(env === undefined ? [] : ['-e', env])]
  return (command) => [self, command, ...(ABOUT_NO_PROJECT.test(command) ? [] : flags)].join(' ')
}

/** A hint that names commands as `ha …`: with how this ha is called, and the project's flags where the whole line is a command. */
export function pasteable(line: string, self: string, given: Given, commands: readonly string[]): string {
  const whole = /^ha ([a-z]+)( [a-z -]+)?$/.exec(line)
  if (whole && commands.includes(whole[1]!) && !line.includes('--help'))
    return callOf(self, given)(line.slice('ha '.length))
  return line.replaceAll(/(^|[\s`(])ha ([a-z]+)/g, (text, before: string, command: string) =>
    commands.includes(command) ? `${before}${self} ${command}` : text,
  )
}

const quoted = (text: string) => (/^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
