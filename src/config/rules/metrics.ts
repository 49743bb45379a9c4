/** The adapter that autoscalers ask: in critical it runs by digest, as everything does. */
import {METRICS_IMAGE} from '../defaults.ts'
import {parseImage} from './images.ts'
import {type Rule, servicesOf} from './rule.ts'

export const metricsAreExact: Rule = ({draft, preset, target, report}) => {
  const {image} = draft.metrics ?? {}
  const path = ['metrics', 'image']
  const parsed = parseImage(image ?? METRICS_IMAGE)
  if (!parsed) {
    const message = 'The metrics adapter has an image that is no image reference: registry/path:tag.'
    report({code: 'IMAGE_INVALID', path, message, instead: METRICS_IMAGE})
    return
  }
  const [worker] = servicesOf(draft).find(([, {type}]) => type === 'worker') ?? []
  if (worker === undefined || target !== 'gcp' || preset !== 'critical' || parsed.digest !== undefined) return
  const exact = `${image ?? METRICS_IMAGE}@sha256:…`
  const involves = [path, ['preset'], ['target']]
  if (image !== undefined) {
    const message = 'The critical preset runs images by digest only; tags can be moved.'
    report({code: 'IMAGE_WITHOUT_DIGEST', path, message, instead: exact, involves})
    return
  }
  const message =
    `What scales ${worker} by its backlog has an image by tag, and the critical preset runs images by digest only: ` +
    `metrics: {image: ${exact}}, as \`gcloud artifacts docker images describe ${METRICS_IMAGE}\` tells it.`
  report({code: 'IMAGE_WITHOUT_DIGEST', path: ['services', worker], of: 'key', message, involves})
}
