import {fileURLToPath} from 'node:url'
import {callJson} from '../cloud/rest.ts'
import type {Config} from '../config/config.ts'
import {HaError} from '../errors.ts'
import type {GateTopology} from '../topology/topology.ts'

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

/** A program of this package as its image starts it (src/observer/Dockerfile). */
function programOf(name: 'gate' | 'observer'): string {
  const path = fileURLToPath(new URL(`../${name}/main${extension}`, import.meta.url))
  return `node --max-semi-space-size=1 --optimize-for-size '${path.replaceAll("'", `'\\''`)}'`
}

/**
 * Tells the local cloud what stands for each service's image, as one would load an image into a local cluster. Also a change
 * of the command that nothing else notices takes effect this way, with the next start of a pod.
 * @param base the folder of ha.yaml.
 * @throws HaError CONFIG_INVALID when a service has nothing to run on this machine.
 */
export async function registerImages(
  googleapis: string,
  {services, observer}: Pick<Config, 'services' | 'observer'>,
  base: string,
  gate: GateTopology | undefined,
): Promise<void> {
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
  const images = services.map(({name, image, local}) => ({image, container: name, ...local!}))
  const own = (image: string, name: 'gate' | 'observer') => ({
    ...{image, container: `ha-${name}`, command: programOf(name), cwd: base},
  })
  const ours = [...(gate ? [own(gate.image, 'gate')] : []), ...(observer ? [own(observer.image, 'observer')] : [])]
  await Promise.all(
    [...images, ...ours].map((body) => callJson(`${googleapis}/emulator/v1/images`, {method: 'POST', body})),
  )
}
