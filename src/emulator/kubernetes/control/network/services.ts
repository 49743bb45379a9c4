/**
 * ClusterIP Services on this machine: each TCP port has a listener on 127.0.0.1 that spreads connections over the ready pods. Where it
 * listens stands in an annotation, since nothing can answer at the cluster IP itself.
 */
import {connect, createServer, type Server, type Socket} from 'node:net'
import type {Ports} from '../../../contract.ts'
import type {Json, KubeObject} from '../../api/store.ts'
import {type Controller, type ControlPlane, keyOf} from '../controller.ts'
import {readyPorts} from './addresses.ts'

/** Local port by Service port: `{"80": 23456}`. */
export const SERVICE_PORTS = 'emulator/service-ports'

export function services({store, log}: ControlPlane, ports: Ports): Controller {
  const open = new Map<string, Map<number, Server>>()

  async function reconcile(namespace: string, name: string) {
    const key = `${namespace}/${name}`
    const service = store.get('services', namespace, name)
    const wanted = service && !service.metadata.deletionTimestamp && service.spec.selector ? tcpPorts(service) : []
    const listeners = open.get(key) ?? new Map<number, Server>()
    for (const [port, server] of listeners) {
      if (wanted.includes(port)) continue
      server.close()
      listeners.delete(port)
      ports.release(`service:${key}:${port}`)
    }
    for (const port of wanted) if (!listeners.has(port)) listeners.set(port, await listen(key, port))
    if (listeners.size === 0) return void open.delete(key)
    open.set(key, listeners)
    annotate(namespace, name, listeners)
  }

  async function listen(key: string, port: number): Promise<Server> {
    const server = createServer((socket) => forward(socket, targets(key, port)))
    const local = await ports.claim(`service:${key}:${port}`)
    await new Promise<void>((done, fail) => {
      server.once('error', fail)
      server.listen({port: local, host: '127.0.0.1'}, done)
    })
    server.on('error', (error) => log('warn', `Service ${key} cannot listen`, {reason: error.message}))
    return server
  }

  /** As they are at the moment of the connection. */
  function targets(key: string, port: number): number[] {
    const [namespace, name = ''] = key.split('/')
    const service = store.get('services', namespace, name)
    const entry = service?.spec.ports.find((one: Json) => one.port === port)
    return entry ? readyPorts(store, service, entry) : []
  }

  function annotate(namespace: string, name: string, listeners: ReadonlyMap<number, Server>) {
    const current = store.get('services', namespace, name)
    if (!current) return
    const local = [...listeners].map(([port, server]) => [port, (server.address() as {port: number}).port])
    const text = JSON.stringify(Object.fromEntries(local))
    if (current.metadata.annotations?.[SERVICE_PORTS] === text) return
    const annotations = {...current.metadata.annotations, [SERVICE_PORTS]: text}
    store.update('services', {...current, metadata: {...current.metadata, annotations}})
  }

  return {
    name: 'service-proxy',
    of: 'services',
    watches: {services: ({type, object}) => (type === 'DELETED' ? [keyOf(object)] : [])},
    reconcile,
    close() {
      for (const listeners of open.values()) for (const server of listeners.values()) server.close()
    },
  }
}

const tcpPorts = ({spec}: KubeObject): number[] =>
  spec.type === 'ExternalName' || spec.clusterIP === 'None'
    ? []
    : (spec.ports ?? []).filter(({protocol = 'TCP'}: Json) => protocol === 'TCP').map(({port}: Json) => port)

/** To the first target that takes the connection; none: refused as a closed port would. */
function forward(client: Socket, [port, ...others]: readonly number[]) {
  if (port === undefined) return void client.resetAndDestroy()
  const target = connect({port, host: '127.0.0.1'})
  const refuse = () => {
    target.destroy()
    if (!client.destroyed) forward(client, others)
  }
  client.once('error', () => target.destroy())
  target.once('error', refuse)
  target.once('connect', () => {
    target.off('error', refuse)
    target.once('error', () => client.destroy())
    client.once('close', () => target.destroy())
    target.once('close', () => client.destroy())
    client.pipe(target).pipe(client)
  })
}
