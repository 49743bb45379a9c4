import type {Topology} from '../src/topology/topology.ts'

/** Labels on everything a stack makes, so that bills and orphans can be traced back. */
export const labelsOf = ({app, environment}: Pick<Topology, 'app' | 'environment'>, stack: string) => ({
  'ha-app': app,
  'ha-environment': environment,
  'ha-stack': stack,
})
