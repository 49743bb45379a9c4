/** In which shape a client wants an answer. */
import {ApiError} from './status.ts'

export type Shape = 'object' | 'table' | 'metadata'

/** The first shape of an Accept header that we can give. Throws ApiError NotAcceptable. */
export function shapeOf(accept = '*/*'): Shape {
  for (const part of accept.split(',').map((each) => each.replaceAll(' ', ''))) {
    if (!/^(application\/json|application\/\*|\*\/\*)/.test(part)) continue
    const as = /;as=(\w+)/.exec(part)?.[1]
    if (as === undefined) return 'object'
    if (as === 'Table' && part.includes('g=meta.k8s.io')) return 'table'
    if (as.startsWith('PartialObjectMetadata')) return 'metadata'
  }
  throw new ApiError('NotAcceptable', 'only the following media types are accepted: application/json')
}
