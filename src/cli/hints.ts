import {relative} from 'node:path'
import type {Surroundings} from './command.ts'
import type {Chosen, Environment} from './environment.ts'

/** How to call ha again for the same environment, and what to try on it; `$URL` stands for the address. */
export function hintsOf({self, cwd}: Surroundings, {file, env}: Chosen, {config, file: path}: Environment) {
  const flags = [...(file === undefined ? [] : ['-f', relative(cwd, path)]), ...(env === undefined ? [] : ['-e', env])]
  const front = config.services.find(({type}) => type === 'http')
  return {
    call: (command: string) => [self, command, ...flags].join(' '),
    tries: front?.health ? [`curl -i $URL${front.health.ready}`] : [],
  }
}
