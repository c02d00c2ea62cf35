import type { LedgerRow } from '../../src/contracts/ledger.ts';

let made = 0;

/** A row of the ledger: an ordinary call, but for what is told. Each has an id of its own, in the order in which they are made. */
export const ledgerRow = (rest: Partial<LedgerRow>): LedgerRow => ({
  id: String(made++).padStart(6, '0'),
  at: 0,
  requestId: 'r',
  consumer: 'app',
  groups: [],
  user: '',
  model: 'alias',
  provider: 'p',
  upstreamModel: 'gpt',
  prompt: '',
  tags: [],
  tokens: { input: 10, output: 0, cached: 0, cacheWrite: 0, reasoning: 0, audio: 0, image: 0 },
  usd: 0.5,
  usageSource: 'reported',
  outcome: 'complete',
  stream: false,
  revision: 1,
  ...rest,
});
