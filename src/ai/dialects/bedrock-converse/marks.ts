import type { CacheMark, JsonObject } from '../../../contracts/model-request.ts';
import { ttlOf } from '../cache-ttl.ts';
import { claudeOf, isUnnamed } from './model-name.ts';

/** Where the cache may end: behind what a speaker says, what a tool answers, a tool itself. */
type Place = 'words' | 'results' | 'tools';

/** A mark as a block of its own, after what it keeps; none where the model has no such marks. */
export type WriteMark = (cache: CacheMark | undefined, place?: Place) => JsonObject[];

/** Older than the marks. */
const UNMARKED_CLAUDE = /^claude-(?:v2|instant|3-(?:opus|sonnet|haiku)|3-5-sonnet)/;
const NOVA = /(?:^|[./])amazon\.nova-/;

const point = (ttl?: string): JsonObject => ({ cachePoint: { type: 'default', ...(ttl && { ttl }) } });

/**
 * How a model takes marks for the cache (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html). One that takes none
 * refuses the request as no access (403), for which a good key would rest.
 */
export function marksOf(model: string): WriteMark {
  const claude = claudeOf(model);
  if (claude === undefined ? isUnnamed(model) : !UNMARKED_CLAUDE.test(claude))
    return (cache) => (cache ? [point(ttlOf(cache))] : []);
  // Nova keeps all for five minutes.
  if (NOVA.test(model)) return (cache, place = 'words') => (cache && place === 'words' ? [point()] : []);
  return () => [];
}
