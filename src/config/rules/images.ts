/** Images: a release must be able to say exactly what it runs. */
import {type Rule, servicesOf} from './rule.ts'

/** Registry and path, tag, digest. Source: https://github.com/distribution/reference (grammar at the top of reference.go) */
const IMAGE =
  /^((?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,250}[a-zA-Z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/

/** Repository, tag and digest of an image reference; undefined when it is none. */
export function parseImage(image: string) {
  const match = image.length <= 400 ? IMAGE.exec(image) : null
  if (!match) return undefined
  const [, repository, tag, digest] = match
  return {repository: repository!, tag, digest}
}

export const imagesAreExact: Rule = ({draft, preset, target, report}) => {
  for (const [name, {image}] of servicesOf(draft)) {
    if (image === undefined) continue
    const path = ['services', name, 'image']
    const parsed = parseImage(image)
    if (!parsed) {
      const message = `${name} has an image that is no image reference: registry/path:tag.`
      report({code: 'IMAGE_INVALID', path, message, instead: `europe-docker.pkg.dev/my-project/my-app/${name}:1.0.0`})
      continue
    }
    const {repository, tag, digest} = parsed
    if (tag === undefined && digest === undefined) {
      const message = `${name} has an image without tag or digest; what runs would change unseen.`
      report({code: 'IMAGE_WITHOUT_VERSION', path, message, instead: `${repository}:1.0.0`})
    } else if (digest === undefined && tag === 'latest' && target === 'gcp') {
      const message = `${name} has an image by the tag latest, which moves; name a version.`
      report({code: 'IMAGE_LATEST', path, message, instead: `${repository}:1.0.0`, involves: [['target']]})
    } else if (digest === undefined && preset === 'critical' && target === 'gcp') {
      const message = `The critical preset runs images by digest only; tags can be moved.`
      report({
        code: 'IMAGE_WITHOUT_DIGEST',
        path,
        message,
        instead: `${repository}:${tag}@sha256:…`,
        involves: [['preset'], ['target']],
      })
    }
  }
}
