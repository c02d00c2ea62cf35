import type { Operation } from '../../contracts/format.ts';

const nothing = () => ({ input: 0, output: 0, cached: 0 });

/** A call in a provider's own words: what it is, and what it came to, is known only as far as its path tells. */
export const passthrough: Operation = {
  kind: 'operation',
  name: 'passthrough',
  operation: 'passthrough',
  path: '/providers',
  shape: 'openai',
  media: 'json',
  lists: [],
  refused: [],
  headers: [],
  // Which of them a provider goes by, it knows alone.
  maxima: ['max_completion_tokens', 'max_output_tokens', 'max_tokens'],
  usageAtMost: nothing,
  usageOf: nothing,
};
