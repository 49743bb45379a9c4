/** Documents in a bucket: one object each, its generation the document's version. A generation is never used twice. */
import {HaError} from '../errors.ts'
import type {Bucket} from './bucket.ts'
import {checkName, conflict, type Document, type Store} from './store.ts'

const ENDING = '.json'

/** @param folder object prefix of the documents, ending with `/`. */
export function gcsStore(bucket: Bucket, folder: string): Store {
  const objectOf = (name: string) => `${folder}${checkName(name)}${ENDING}`
  return {
    url: `gs://${bucket.name}/${folder}`,
    async read<T>(name: string): Promise<Document<T> | undefined> {
      const found = await bucket.get(objectOf(name))
      return found && {value: parse<T>(found.text, bucket.name, objectOf(name)), version: found.generation}
    },
    async write(name, value, condition) {
      const generation = 'ifVersion' in condition ? condition.ifVersion : '0'
      // `ifVersion: '0'` is no version that was ever read: it must not mean "absent" to Cloud Storage.
      if ('ifVersion' in condition && generation === '0') throw conflict(name)
      const written = await bucket.put(objectOf(name), `${JSON.stringify(value, null, 1)}\n`, generation)
      if (written === undefined) throw conflict(name)
      return written
    },
    async remove(name, {ifVersion}) {
      if (ifVersion === '0' || !(await bucket.remove(objectOf(name), ifVersion))) throw conflict(name)
    },
    async list(prefix) {
      const objects = await bucket.list(`${folder}${prefix}`)
      return objects
        .filter((object) => object.endsWith(ENDING))
        .map((object) => object.slice(folder.length, -ENDING.length))
    },
  }
}

function parse<T>(text: string, bucket: string, object: string): T {
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    const url = `gs://${bucket}/${object}`
    throw new HaError('STORE_CORRUPT', `${url} is damaged: it is not what ha wrote.`, {
      cause,
      next: [
        `The bucket keeps older versions: gcloud storage ls --all-versions ${url}, then copy the last good one over it.`,
        'Then `ha plan --refresh` compares what is recorded with what runs.',
      ],
      data: {url},
    })
  }
}
