import {defineConfig} from 'vitest/config'

const results = process.env.VITEST_RESULTS

/** The built binary on the emulator, with the real engine: one file at a time, since each wants the whole machine. */
export default defineConfig({
  test: {
    reporters: results ? ['default', ['json', {outputFile: `${results}/e2e.json`}]] : ['default'],
    globalSetup: ['test/leak-guard.ts'],
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    // No measure of speed: a shared machine may take several times as long as a quiet one.
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
})
