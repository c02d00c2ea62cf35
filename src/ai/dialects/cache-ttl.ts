import type { CacheMark } from '../../contracts/model-request.ts';
import { parseDuration } from '../../lib/duration.ts';

const SHORT_MS = 300_000;

/** How long what is marked is kept, in the two words that Anthropic has for it; undefined: as it does by itself. OpenAI has others. */
export function ttlOf({ ttl }: CacheMark): '5m' | '1h' | undefined {
  const ms = ttl === undefined ? undefined : parseDuration(ttl);
  if (ms === undefined) return undefined;
  return ms <= SHORT_MS ? '5m' : '1h';
}
