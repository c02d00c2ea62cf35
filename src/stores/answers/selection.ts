import type { CachedAnswer, PurgeSelection } from '../../contracts/cache.ts';

/** Whether an answer of a route is one of those to be forgotten. */
export function isSelected(
  { route, tag, url }: PurgeSelection,
  ofRoute: string,
  answer: Pick<CachedAnswer, 'url' | 'tags'>,
): boolean {
  if (route !== undefined && route !== ofRoute) return false;
  if (tag !== undefined && !answer.tags.includes(tag)) return false;
  if (url === undefined) return true;
  return url.endsWith('*') ? answer.url.startsWith(url.slice(0, -1)) : answer.url === url;
}
