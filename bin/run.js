#!/usr/bin/env node
// Plain enough for an old Node to parse: the one thing this file must do everywhere is to say what is wrong.
import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 15)) {
  const {start} = await import('../dist/src/cli/start.js')
  await start()
} else {
  // A clone of the repository brings its own Node.
  const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  if (existsSync(own)) {
    const {status} = spawnSync(own, process.argv.slice(1), {stdio: 'inherit'})
    process.exit(status ?? 1)
  }
  process.stderr.write(
    `ha needs Node 22.15 or newer; this is ${process.version}. Install a newer one from https://nodejs.org.\n`,
  )
  process.exit(69)
}
