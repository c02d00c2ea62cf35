import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two cores: one worker a core is enough, and the servers that tests start need some of them, too.
    maxWorkers: 2,
    // The gateway is read and compiled once a worker, not once a file: that was a third of the time.
    isolate: false,
    // What never ends is found all the same; a busy machine is no reason to fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // An unhandled rejection fails the run, whoever caused it.
    dangerouslyIgnoreUnhandledErrors: false,
    sequence: { shuffle: { files: true, tests: false } },
    coverage: { provider: 'v8', include: ['src/**', 'plugins/**'] },
  },
});
