/** The observer: exactly what runs, and something to observe. */
import {OBSERVER} from '../defaults.ts'
import {parseImage} from './images.ts'
import {type Rule, servicesOf} from './rule.ts'

const DIGEST = `image: europe-docker.pkg.dev/my-project/my-app/${OBSERVER}@sha256:…`

export const observerIsExact: Rule = ({draft: {observer}, target, report}) => {
  if (observer === undefined || observer.enabled === false) return
  const path = ['observer', 'image']
  const {image} = observer
  if (image === undefined) {
    if (target !== 'gcp') return
    const message = 'The observer has no image; say which, or enabled: false.'
    report({
      code: 'OBSERVER_IMAGE_MISSING',
      path: ['observer'],
      of: 'key',
      message,
      instead: DIGEST,
      involves: [path, ['target']],
    })
    return
  }
  const parsed = parseImage(image)
  if (!parsed) {
    const message = 'The observer has an image that is no image reference: registry/path@sha256:….'
    report({code: 'IMAGE_INVALID', path, message, instead: DIGEST.slice('image: '.length)})
  } else if (parsed.digest === undefined && target === 'gcp') {
    // It sees every region's database: what runs must be what was looked at.
    const message = 'The observer runs by digest only on Google Cloud; tags can be moved.'
    report({
      code: 'IMAGE_WITHOUT_DIGEST',
      path,
      message,
      instead: `${parsed.repository}@sha256:…`,
      involves: [['target']],
    })
  }
}

export const observerHasDatabase: Rule = ({draft: {observer, database}, report}) => {
  if (observer === undefined || observer.enabled === false || database !== undefined) return
  const message = 'There is no database for the observer to observe.'
  report({
    code: 'OBSERVER_WITHOUT_DATABASE',
    path: ['observer'],
    of: 'key',
    message,
    involves: [['database'], ['observer', 'enabled']],
  })
}

/** It has an account and a name in the cluster as a service has. */
export const observerNameIsFree: Rule = ({draft, report}) => {
  for (const [name] of servicesOf(draft)) {
    if (name !== OBSERVER) continue
    const message = `${OBSERVER} is what ha calls its own observer; give yours another name.`
    report({code: 'NAME_RESERVED', path: ['services', name], of: 'key', message})
  }
}
