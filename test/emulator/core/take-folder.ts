/** Wants the folder named on the command line, says what came of it, and lives until its input ends. */
import {AlreadyRunning, takeFolder} from '../../../src/emulator/folder.ts'

try {
  takeFolder(process.argv[2]!, ['node'], {again: true})
  process.stdout.write('taken')
} catch (error) {
  if (!(error instanceof AlreadyRunning)) throw error
  process.stdout.write('refused')
}
process.stdin.resume()
