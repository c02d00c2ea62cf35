import type { AiFacts } from '../contracts/exchange.ts';
import { bytesDigest } from '../lib/bytes-digest.ts';

/** What is known of a call before anybody was asked. */
export const newAiFacts = (
  operation: string,
  model: string,
  stream: boolean,
  bytes: Uint8Array,
  prompt?: { readonly name: string; readonly version: string },
): AiFacts => ({
  operation,
  model,
  provider: '',
  providerKey: '',
  upstreamModel: '',
  version: '',
  prompt: prompt?.name ?? '',
  promptVersion: prompt?.version ?? '',
  repaired: false,
  stream,
  digest: bytesDigest(bytes),
  tokensIn: -1,
  tokensOut: -1,
  tokensCached: -1,
  usd: -1,
  firstTokenMs: -1,
  msPerToken: -1,
  longestGapMs: -1,
  confidence: -1,
  language: '',
  tool: '',
  finishReason: '',
  usageSource: '',
  savedUsd: -1,
  outcome: '',
});
