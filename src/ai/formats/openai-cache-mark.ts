import type { CacheMark } from '../../contracts/model-request.ts';
import type { Fields } from './fields.ts';

/** OpenAI's mark at a part, or Anthropic's, which many clients set in OpenAI's formats too. */
export function cacheOf(part: Fields): { cache?: CacheMark } {
  const mark = part.inner('prompt_cache_breakpoint') ?? part.inner('cache_control');
  return mark ? { cache: { ttl: mark.text('ttl') } } : {};
}
