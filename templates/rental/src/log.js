/** Structured logs, one JSON object per line, with the field names Google Cloud Logging understands. */

const write =
  (severity) =>
  (message, fields = {}) => {
    process.stdout.write(`${JSON.stringify({severity, time: new Date().toISOString(), message, ...fields})}\n`)
  }

export const log = {info: write('INFO'), warn: write('WARNING'), error: write('ERROR')}

/** An error's particulars, without what it may carry of the data. */
export const particulars = (error) => ({error: error?.message ?? String(error), ...(error?.code && {code: error.code})})
