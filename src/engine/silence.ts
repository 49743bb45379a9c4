/** Regions that do not answer: what is asked of them, and when (docs/decisions/silent-regions.md). */
import {cellName} from '../../stacks/cell/names.ts'
import type {Stack} from '../../stacks/stack.ts'
import {HaError} from '../errors.ts'
import type {GraphRun} from './run-graph.ts'
import type {Operation} from './run-stack.ts'

/** All asked at once. @throws HaError CLOUD_UNREACHABLE when none answers: then it is hardly the regions that are dead. */
export async function silentRegions({
  nodes,
  lost,
  answers,
  clock,
  emit,
}: Pick<GraphRun, 'nodes' | 'lost' | 'answers' | 'clock' | 'emit'>): Promise<readonly string[]> {
  const regions = [...new Set(nodes.flatMap(({region}) => region ?? []))].filter((region) => !lost.includes(region))
  const begun = clock.monotonic()
  const answered = await Promise.all(regions.map(answers))
  const silent = regions.filter((_, i) => !answered[i])
  if (silent.length > 0 && silent.length === regions.length) {
    throw new HaError('CLOUD_UNREACHABLE', `No region answers: ${silent.join(', ')}. Nothing was changed.`, {
      next: ['Check the way from here to their Kubernetes APIs: ha doctor', 'ha status'],
      data: {regions: silent},
    })
  }
  const ms = Math.round(clock.monotonic() - begun)
  for (const region of silent) emit({kind: 'region.silent', region, ms})
  return silent
}

/** Whether its region's silence means something: a cluster that is being deleted stops answering, what stands on it goes before. */
export const needsAnswer = ({region, needs}: Pick<Stack, 'region' | 'needs'>, operation: Operation): boolean =>
  region !== undefined && (operation !== 'destroy' || needs.includes(cellName(region)))

/** Why nothing is deleted: what is in a silent region would stay behind, and with it the network under all of them. */
export const unanswered = (regions: readonly string[]): HaError =>
  new HaError('CLOUD_UNREACHABLE', `${regions.join(' and ')} does not answer, and nothing is deleted without it.`, {
    next: [
      'ha status',
      'When it answers again: ha destroy',
      ...regions.map(
        (region) => `If it is gone: ha failover --region ${region} --dry-run shows what giving it up takes.`,
      ),
    ],
    data: {regions},
  })
