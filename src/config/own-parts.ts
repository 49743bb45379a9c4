/** The shape of what ha runs beside the app. */
import * as z from 'zod/mini'
import {METRICS_IMAGE} from './defaults.ts'
import {DOCS, flag, map, says, text} from './leaves.ts'

const canary = () => text('canary', /^[A-Z]{3,7} \/\S*( .+)?$/s)

export const observer = map({
  enabled: z
    .optional(flag())
    .register(DOCS, says('Whether it runs. By default it does on the local target, and wherever it has an image.')),
  image: z
    .optional(z.string({error: 'image'}))
    .register(
      DOCS,
      says("ha's own image, by digest on Google Cloud: the release workflow prints the line.", [
        'europe-docker.pkg.dev/p/app/ha-observer@sha256:…',
      ]),
    ),
  canary: z
    .optional(
      map({
        read: z
          .optional(canary())
          .register(
            DOCS,
            says("A read to try through the front door; the app's readiness by default.", ['GET /readyz']),
          ),
        write: z
          .optional(canary())
          .register(
            DOCS,
            says('A write to try through the front door; none by default. {id} is different every time.', [
              'POST /canary {"id":"{id}"}',
            ]),
          ),
      }),
    )
    .register(DOCS, says('What a client does, tried every five seconds from every region.')),
})

export const metrics = map({
  image: z
    .optional(z.string({error: 'image'}))
    .register(
      DOCS,
      says("Image of Google's Custom Metrics Adapter, by digest in critical; a version of Google's by default.", [
        `${METRICS_IMAGE}@sha256:…`,
      ]),
    ),
})
