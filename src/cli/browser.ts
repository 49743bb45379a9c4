import {spawn} from 'node:child_process'

/** Asks the desktop to show the address. A machine without one is no failure: the address was printed. */
export function openInBrowser(url: string, platform: NodeJS.Platform = process.platform): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(platform === 'darwin' ? 'open' : 'xdg-open', [url], {stdio: 'ignore', detached: true})
    child.once('error', () => resolve())
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}
