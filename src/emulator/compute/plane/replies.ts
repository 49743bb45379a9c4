/** What the load balancer itself says, in Google's words. */
import type {ServerResponse} from 'node:http'

const PAGE = (title: string, text: string) => `
<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>${title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: ${title.slice(4)}</h1>
<h2>${text}</h2>
<h2></h2>
</body></html>
`

const TEXTS: Readonly<Record<number, {readonly type: string; readonly body: string}>> = {
  403: {
    type: 'text/html; charset=UTF-8',
    body: PAGE('403 Forbidden', 'Your client does not have permission to get this URL from this server.'),
  },
  404: {
    type: 'text/html; charset=UTF-8',
    body: PAGE('404 Not Found', 'The requested URL was not found on this server.'),
  },
  429: {type: 'text/html; charset=UTF-8', body: PAGE('429 Too Many Requests', 'Too many requests.')},
  502: {
    type: 'text/html; charset=UTF-8',
    body: PAGE(
      '502 Server Error',
      'The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.',
    ),
  },
  503: {type: 'text/plain', body: 'no healthy upstream'},
  504: {type: 'text/plain', body: 'upstream request timeout'},
}

/** Ends the response; one whose head was already sent is cut. */
export function reply(response: ServerResponse, status: number, headers: Record<string, string> = {}): number {
  if (response.headersSent) {
    response.destroy()
    return 0
  }
  const {type, body} = TEXTS[status] ?? {type: 'text/plain', body: ''}
  const length = Buffer.byteLength(body)
  response.writeHead(status, {'content-type': type, 'content-length': length, via: '1.1 google', ...headers})
  response.end(body)
  return length
}
