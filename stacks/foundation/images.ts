import {prevent} from '../protection.ts'
import {gcp} from '../pulumi.ts'
import type {FoundationInput} from './index.ts'
import type {Options} from './options.ts'

/** In a multi-region, so that images outlive the loss of any one region; a tag, once pushed, stays what it is. */
export function imagesOf({project, prefix, imagesLocation, protect}: FoundationInput, opts: Options) {
  ;new (gcp('artifactregistry').Repository)(
    'images',
    {
      project,
      repositoryId: prefix,
      location: imagesLocation,
      format: 'DOCKER',
      dockerConfig: {immutableTags: protect},
      ...prevent(protect),
    },
    {...opts, protect, ignoreChanges: ['location']},
  )
}
