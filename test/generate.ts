/** Makes the committed files that are generated from others; `npm run generate`. test/fresh.test.ts proves them fresh. */
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {Plugin} from '@oclif/core'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** oclif.manifest.json: what `--help` and command lookup read instead of loading every command. */
export async function manifest(): Promise<string> {
  const pjson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const commands = {strategy: 'pattern', target: './src/commands'}
  const plugin = new Plugin({
    root: ROOT,
    type: 'core',
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
    pjson: {...pjson, oclif: {...pjson.oclif, commands}},
  })
  await plugin.load()
  const text = JSON.stringify(plugin.manifest, undefined, 2)
  // Loaded from the sources, run from what is built of them.
  return `${text.replaceAll('"src",\n', '"dist",\n        "src",\n').replaceAll('.ts"', '.js"')}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(ROOT, 'oclif.manifest.json'), await manifest())
}
