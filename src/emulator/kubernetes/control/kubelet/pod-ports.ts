/** Which ports the containers of a pod listen on. Pure. */
import type {Json, KubeObject} from '../../api/store.ts'
import {containerPort, containersOf} from '../pods.ts'

/** Declared container ports, ports that probes and hooks call, and those in the flags of the Auth Proxy. */
export function portsOf(pod: KubeObject): number[] {
  const ports = containersOf(pod).flatMap((container) => [
    ...(container.ports ?? []).map(({containerPort: port}: Json) => port),
    ...called(container).map((port) => containerPort(pod, port)),
    ...(container.args ?? []).flatMap(portsInFlag),
  ])
  return [...new Set(ports)].filter((port): port is number => typeof port === 'number')
}

function called(container: Json): (string | number)[] {
  const {startupProbe, readinessProbe, livenessProbe, lifecycle} = container
  return [startupProbe, readinessProbe, livenessProbe, lifecycle?.preStop]
    .map((call) => (call?.httpGet ?? call?.tcpSocket ?? call?.grpc)?.port)
    .filter((port) => port !== undefined)
}

/** `--port=5432`, `--http-port=9801`, `db.example.internal?port=5433`. */
function portsInFlag(arg: string): number[] {
  const match = /^--(?:[\w-]+-)?port=(\d+)$|[?&]port=(\d+)/.exec(arg)
  return match ? [Number(match[1] ?? match[2])] : []
}
