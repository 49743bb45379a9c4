import {expect, test, vi} from 'vitest'
import {currentGolden, GOLDEN, storedGolden} from './golden.ts'

// Running every program takes seconds, on a busy machine many.
vi.setConfig({testTimeout: 60_000})

test.each(GOLDEN)(
  'the graph of $name is the golden one; after a change that is meant: npm run generate',
  async (golden) => {
    expect(await currentGolden(golden)).toBe(storedGolden(golden.name))
  },
)
