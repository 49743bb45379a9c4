import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/bench/**'],
    // Two cores: more workers only get in each other's way.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})
