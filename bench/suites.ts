import type { Suite } from './harness/suite.ts';
import { aiSuite } from './load/ai.ts';
import { apiSuite } from './load/api.ts';
import { streamSuite } from './load/stream.ts';

/** Every suite that `npm run bench -- <suite>` knows. A later one is one more row. */
export const SUITES: Readonly<Record<string, () => Suite>> = {
  api: apiSuite,
  ai: aiSuite,
  stream: streamSuite,
};
