import { defineConfig } from 'vitest/config';

const ALONE = [
  'test/flow/api-breaker.test.ts',
  'test/flow/ewma-brown-out.test.ts',
  'test/flow/slow-clients.test.ts',
  'test/flow/stalled-clients.test.ts',
];
const STORIES = ['test/flow/story-shop.test.ts', 'test/flow/story-support-bot.test.ts'];

export default defineConfig({
  test: {
    // One more than the cores that it is measured on: many tests wait for a timer or a process, and two leave a third of both idle.
    maxWorkers: 3,
    // The gateway is read and compiled once a worker, not once a file: that was a third of the time.
    isolate: false,
    // What never ends is found all the same; a busy machine is no reason to fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    // An unhandled rejection fails the run, whoever caused it.
    dangerouslyIgnoreUnhandledErrors: false,
    sequence: { shuffle: { files: true, tests: false } },
    // What is about how fast something is has the machine to itself, or a core each, at the end.
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...STORIES],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: { name: 'stories', include: STORIES, maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**', 'plugins/**'] },
  },
});
