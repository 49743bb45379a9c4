/** A region runs as long as something lives in it: a cluster or a database instance. */
import type {Records, ResourceType} from './contract.ts'
import {CLUSTER} from './services/container-rest.ts'
import {INSTANCE_TOKEN} from './sql/store.ts'

/** The resource types as they were, but that deleting a region's last inhabitant ends the region's process. */
export function retiringEmpty(
  types: readonly ResourceType[],
  records: Records,
  retire: (region: string) => Promise<void>,
): readonly ResourceType[] {
  const regionOf = (outputs: Readonly<Record<string, unknown>>) => String(outputs.region ?? outputs.location)
  const inhabited = (region: string) =>
    [CLUSTER, INSTANCE_TOKEN].some((token) =>
      records.list(token).some(({outputs}) => regionOf(resourceIn(outputs)) === region),
    )
  return types.map((type) =>
    type.token !== CLUSTER && type.token !== INSTANCE_TOKEN
      ? type
      : {
          ...type,
          async delete(id, outputs) {
            await type.delete(id, outputs)
            const region = regionOf(outputs)
            if (!inhabited(region)) await retire(region)
          },
        },
  )
}

/** An instance's record wraps the resource as the Admin API shows it. */
const resourceIn = (outputs: Readonly<Record<string, unknown>>) =>
  (outputs.resource as Readonly<Record<string, unknown>> | undefined) ?? outputs
