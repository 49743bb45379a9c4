import {HaError} from '../errors.ts'

/** The HTTP status of a refusal by the cloud; undefined for any other error. */
export const statusOfRefusal = (thrown: unknown): number | undefined =>
  thrown instanceof HaError && thrown.code === 'CLOUD_REFUSED' ? (thrown.data.status as number | undefined) : undefined
