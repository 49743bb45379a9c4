/** `/emulator/v1`: what Google's APIs have no call for: images to run, regions to kill, the emulator itself. */
import type {FastifyInstance} from 'fastify'
import type {Records} from './contract.ts'
import {failWith} from './services/rest.ts'
import type {Supervisor} from './supervisor.ts'

export interface Image {
  readonly image: string
  /** Of a pod; omitted: any container with this image. */
  readonly container?: string
  /** A shell's command line. */
  readonly command: string
  /** Absolute. */
  readonly cwd: string
}

export interface ControlOptions {
  readonly records: Records
  readonly supervisor: Supervisor
  readonly info: () => object
  /** Called after the answer to `:shutdown` is on its way. */
  readonly shutdown: () => void
}

const IMAGES = 'emulator/image'

export function mountControl(server: FastifyInstance, {records, supervisor, info, shutdown}: ControlOptions): void {
  server.get('/emulator/v1', () => info())

  server.post<{Body: Partial<Image> | undefined}>('/emulator/v1/images', ({body}) => {
    const {image, container, command, cwd} = body ?? {}
    if (!image || !command || !cwd?.startsWith('/')) {
      return failWith(400, 'An image needs image, command and cwd (an absolute path).')
    }
    const registered: Image = {image, command, cwd, ...(container !== undefined && {container})}
    records.put(IMAGES, imageId(image, container), {...registered})
    return registered
  })

  server.get<{Querystring: {image?: string; container?: string}}>('/emulator/v1/images', ({query}) => {
    const {image, container} = query
    if (!image) return {images: records.list(IMAGES).map(({outputs}) => outputs)}
    const found = records.get(IMAGES, imageId(image, container)) ?? records.get(IMAGES, imageId(image))
    return found ?? failWith(404, `No command is registered for the image ${image}.`)
  })

  server.get('/emulator/v1/regions', () => ({regions: supervisor.list()}))

  // The verb is part of the last segment: `regions/us-east1:kill`.
  server.post<{Params: {target: string}}>('/emulator/v1/regions/:target', async ({params}) => {
    const [name = '', verb = ''] = params.target.split(':')
    if (!supervisor.list().some((region) => region.name === name)) failWith(404, `Region ${name} was never started.`)
    if (!['kill', 'start', 'pause', 'resume'].includes(verb)) failWith(404, `A region has no verb ${verb}.`)
    try {
      await supervisor[verb as 'kill' | 'start' | 'pause' | 'resume'](name)
    } catch (error) {
      failWith(412, (error as Error).message)
    }
    return supervisor.list().find((region) => region.name === name)
  })

  server.post('/emulator/v1:shutdown', (_, reply) => {
    reply.raw.once('finish', shutdown)
    return {}
  })
}

const imageId = (image: string, container?: string) => `${image}\n${container ?? ''}`
