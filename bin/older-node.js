// Started by a Node that is too old for ha: goes on with the one that ha brings, or says what is wrong. Plain on purpose.
import {spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {delimiter, dirname} from 'node:path'
import {fileURLToPath} from 'node:url'

/** ha brings a Node: in its own folder in a clone, beside it where it is installed. */
function ownNode() {
  return ['../node_modules/node/bin/node', '../../node/bin/node']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find(existsSync)
}

function runWith(node) {
  if (node === undefined) {
    process.stderr.write(
      `✖ ha needs Node 22.15 or newer; this is ${process.version}. [NODE_TOO_OLD]\n  → Install a newer one: https://nodejs.org\n`,
    )
    process.exit(69)
  }
  // The app's own `node` commands get the same one.
  const PATH = [dirname(node), process.env.PATH].join(delimiter)
  const child = spawn(node, process.argv.slice(1), {stdio: 'inherit', env: {...process.env, PATH}})
  // The terminal sends Ctrl-C and its own closing to both; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}

runWith(ownNode())
