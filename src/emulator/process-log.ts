/**
 * The log of a supervised process: one line per entry, `TIME STREAM F TEXT`, the format container runtimes write and `kubectl logs`
 * is served from (https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
 * Bounded: at half of the allowance the file becomes `FILE.1`, replacing the one before.
 */
import {readFileSync} from 'node:fs'
import {openRotatingFile} from './rotating-file.ts'

export type Stream = 'stdout' | 'stderr'

export interface LogEntry {
  /** RFC 3339 with nine fractional digits, as Kubernetes writes it. */
  readonly time: string
  readonly stream: Stream
  readonly text: string
}

export interface ProcessLog {
  write(stream: Stream, chunk: Buffer): void
  close(): void
}

/** A line longer than this is cut in pieces (containerd's limit). */
const MAX_LINE = 16_384

/** Opens the log for appending. A full disk loses lines, never the process that wrote them. */
export function openProcessLog(
  file: string,
  maxBytes: number,
  onLine?: (line: string, stream: Stream) => void,
): ProcessLog {
  const kept = openRotatingFile(file, maxBytes)
  const rest: Record<Stream, string> = {stdout: '', stderr: ''}
  const decoders = {stdout: new TextDecoder(), stderr: new TextDecoder()}

  const append = (stream: Stream, lines: readonly string[]) => {
    const time = stamp()
    let text = ''
    for (const line of lines) {
      text += `${time} ${stream} F ${line}\n`
      if (text.length < maxBytes / 8) continue
      kept.append(text)
      text = ''
    }
    if (text) kept.append(text)
    if (onLine) for (const line of lines) onLine(line, stream)
  }

  return {
    write(stream, chunk) {
      const lines = (rest[stream] + decoders[stream].decode(chunk, {stream: true})).split('\n')
      rest[stream] = lines.pop() ?? ''
      if (rest[stream].length > MAX_LINE) {
        lines.push(rest[stream])
        rest[stream] = ''
      }
      append(stream, lines)
    },
    close() {
      for (const stream of ['stdout', 'stderr'] as const) if (rest[stream]) append(stream, [rest[stream]])
      kept.close()
    },
  }
}

/** What is kept of a log, oldest first. A log that does not exist is empty. */
export function readProcessLog(file: string): LogEntry[] {
  return [`${file}.1`, file]
    .flatMap((path) => readText(path).split('\n').map(parseLogLine))
    .filter((entry) => entry !== undefined)
}

/** undefined for what is not a whole entry. */
export function parseLogLine(line: string): LogEntry | undefined {
  const match = /^(\S+) (stdout|stderr) F (.*)$/s.exec(line)
  return match ? {time: match[1]!, stream: match[2] as Stream, text: match[3]!} : undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function stamp(): string {
  return new Date().toISOString().replace('Z', '000000Z')
}
