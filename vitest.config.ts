import {defineConfig} from 'vitest/config'

const results = process.env.VITEST_RESULTS

export default defineConfig({
  test: {
    reporters: results ? ['default', ['json', {outputFile: `${results}/unit.json`}]] : ['default'],
    globalSetup: ['test/leak-guard.ts'],
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/bench/**'],
    // Two cores: more workers only get in each other's way.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})
