/** One line as Google's agents read them: https://docs.cloud.google.com/logging/docs/structured-logging */
export const say = (severity: 'INFO' | 'ERROR', message: string): void =>
  void process.stderr.write(`${JSON.stringify({severity, message})}\n`)

/** An AggregateError, which is what a refused connection to a name with two addresses is, says nothing itself. */
export function messageOf(error: unknown): string {
  const {message, code, errors} = error as {message?: string; code?: string; errors?: readonly unknown[]}
  return message || code || (errors?.[0] === undefined ? String(error) : messageOf(errors[0]))
}
