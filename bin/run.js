#!/usr/bin/env node
// Plain enough for an old Node to parse: the one thing this file must do everywhere is to say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 15)) {
  const {start} = await import('../dist/src/cli/start.js')
  await start()
} else {
  await import('./older-node.js')
}
