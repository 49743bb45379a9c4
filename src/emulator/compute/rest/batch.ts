/** Several calls in one multipart/mixed request, as gcloud sends them: https://cloud.google.com/compute/docs/api/how-tos/batch */
import type {FastifyInstance} from 'fastify'
import {GoogleError} from '../google.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

interface Part {
  readonly contentId: string | undefined
  readonly method: Method
  readonly url: string
  readonly body: string
}

export function mountBatch(server: FastifyInstance): void {
  server.addContentTypeParser('multipart/mixed', {parseAs: 'string'}, (_request, body, done) => done(null, body))
  server.post('/batch/compute/:version', async (request, reply) => {
    const boundary = /boundary="?([^";]+)"?/.exec(request.headers['content-type'] ?? '')?.[1]
    if (boundary === undefined) throw new GoogleError(400, 'badRequest', 'A batch is multipart/mixed with a boundary.')
    const parts = parseBatch(String(request.body), boundary)
    const answers = await Promise.all(
      parts.map(async (part) => {
        const {method, url, body: payload} = part
        const headers = {'content-type': 'application/json'}
        const answer = await server.inject(payload === '' ? {method, url} : {method, url, payload, headers})
        return {part, answer}
      }),
    )
    const lines = answers.flatMap(({part, answer}) => [
      '--batch_emulated',
      'Content-Type: application/http',
      ...(part.contentId === undefined ? [] : [`Content-ID: ${part.contentId.replace('<', '<response-')}`]),
      '',
      `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`,
      'Content-Type: application/json; charset=UTF-8',
      `Content-Length: ${Buffer.byteLength(answer.payload)}`,
      '',
      answer.payload,
    ])
    return reply
      .type('multipart/mixed; boundary=batch_emulated')
      .send([...lines, '--batch_emulated--', ''].join('\r\n'))
  })
}

/** The HTTP requests inside a batch. */
export function parseBatch(text: string, boundary: string): readonly Part[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(`--${boundary}`)
    .filter((part) => part.trim() !== '' && !part.startsWith('--'))
    .map((part) => {
      const [outer = '', ...inner] = part.trimStart().split('\n\n')
      const request = inner.join('\n\n')
      const [head = '', ...body] = request.split('\n\n')
      const [method = 'GET', target = '/'] = head.split('\n')[0]?.split(' ') ?? []
      const url = target.replace(/^https?:\/\/[^/]+/, '')
      const contentId = /^content-id:\s*(.+)$/im.exec(outer)?.[1]?.trim()
      return {contentId, method: method as Method, url, body: body.join('\n\n').trim()}
    })
}
