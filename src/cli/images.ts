import {callJson} from '../cloud/rest.ts'
import type {ServiceConfig} from '../config/config.ts'
import {HaError} from '../errors.ts'

/**
 * Tells the local cloud what stands for each service's image, as one would load an image into a local cluster. Also a change
 * of the command that nothing else notices takes effect this way, with the next start of a pod.
 * @throws HaError CONFIG_INVALID when a service has nothing to run on this machine.
 */
export async function registerImages(googleapis: string, services: readonly ServiceConfig[]): Promise<void> {
  const without = services.filter(({local}) => local === undefined)
  if (without.length > 0) {
    throw new HaError(
      'CONFIG_INVALID',
      `Nothing stands for the image of ${without.map(({name}) => name).join(', ')} on the local target.`,
      {
        next: ['Give each service a command that runs it here, in ha.yaml: local: { command: node dist/api.js }'],
      },
    )
  }
  await Promise.all(
    services.map(({name, image, local}) =>
      callJson(`${googleapis}/emulator/v1/images`, {
        method: 'POST',
        body: {image, container: name, command: local!.command, cwd: local!.cwd},
      }),
    ),
  )
}
