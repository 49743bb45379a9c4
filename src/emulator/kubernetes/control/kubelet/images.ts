/**
 * What stands for an image on this machine. Registered with the global process; remembered here, so that pods restart while it is away.
 */
import {readJson, writeJson} from '../../../files.ts'
import {fetchJson} from '../../../http.ts'
import type {Json} from '../../api/store.ts'

/** One registered image. Without `container` it serves every container of the image. */
export interface Registered {
  readonly image: string
  readonly container?: string
  /** A command line for the shell. */
  readonly command: string
  readonly cwd: string
}

export interface Images {
  /** What to run for the container, or undefined while the image is unknown. Asks again each time; falls back on what it knew. */
  find(container: Json, ofJob: boolean): Promise<Entry | undefined>
}

export interface Entry {
  /** Program and arguments. */
  readonly command: readonly string[]
  readonly cwd: string
}

const DEADLINE_MS = 2_000

/** @param file remembers the registrations. */
export function openImages(googleapis: string, file: string): Images {
  let known = readJson<Registered[]>(file) ?? []
  let asking: Promise<void> | undefined

  const ask = async () => {
    try {
      const {images} = await fetchJson<{images: Registered[]}>(`${googleapis}/emulator/v1/images`, {
        deadlineMs: DEADLINE_MS,
      })
      if (JSON.stringify(images) === JSON.stringify(known)) return
      known = images
      writeJson(file, known)
    } catch {
      // What was known before still holds.
    }
  }

  return {
    async find(container, ofJob) {
      asking ??= ask().finally(() => {
        asking = undefined
      })
      await asking
      return entryFor(container, known, ofJob)
    },
  }
}

/**
 * The registration for image and container; else the image's general one, or any one of the image for a container that brings its own
 * command. A registration for exactly this container stands even for a command in the spec, but not for a Job's: jobs are there to run
 * another command with the same image.
 */
export function entryFor(container: Json, registered: readonly Registered[], ofJob = false): Entry | undefined {
  const ofImage = registered.filter(({image}) => image === container.image)
  const exact = ofImage.find((one) => one.container === container.name)
  if (exact && !(ofJob && container.command)) {
    return {command: shellCommand(exact.command, container.command ? [] : container.args), cwd: exact.cwd}
  }
  const general = ofImage.find((one) => one.container === undefined)
  if (container.command) {
    const cwd = (exact ?? general ?? ofImage[0])?.cwd
    return cwd === undefined ? undefined : {command: [...container.command, ...(container.args ?? [])], cwd}
  }
  return general && {command: shellCommand(general.command, container.args), cwd: general.cwd}
}

/** Words of the shell's own that lines begin with; everything else is taken for a program. */
const SHELL_WORDS = new Set(
  '. : [ ! { case cd echo eval exec exit export false for if printf read set test trap true ulimit umask unset until wait while'.split(
    ' ',
  ),
)

/** A line that is one program with its arguments replaces the shell; any other needs it. Arguments follow the line's last command. */
function shellCommand(line: string, args: readonly string[] = []): string[] {
  const [, first = ''] = /^\s*([^\s=;&|<>()`]+)(?=\s|$)/.exec(line) ?? []
  const alone = first !== '' && !SHELL_WORDS.has(first) && !/[;&|()`\n]/.test(line)
  const command = alone ? `exec ${line}` : line
  return args.length > 0 ? ['/bin/sh', '-c', `${command} "$@"`, 'sh', ...args] : ['/bin/sh', '-c', command]
}
