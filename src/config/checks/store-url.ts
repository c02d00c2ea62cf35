import type { Part } from '../part.ts';
import type { CheckContext } from './context.ts';

/** That a URL of a store is one. The message repeats nothing of it: it may hold a password. */
export function checkStore(part: Part, { report }: CheckContext): void {
  const [scheme, rest] = part.text?.split('://') ?? [];
  if (rest === undefined || !['redis', 'rediss', 'redis-cluster', 'redis-sentinel'].includes(scheme ?? ''))
    return;
  // A cluster may be named by several of its nodes, and a master by several Sentinels, which is no URL any more.
  const nodes = rest
    .slice(rest.lastIndexOf('@') + 1)
    .split('/', 1)[0]!
    .split(',');
  const isValid = nodes.every((node) => node !== '' && URL.canParse(`redis://${node}`));
  if (!isValid || (!scheme?.includes('-') && nodes.length > 1)) report(part, 'is no valid URL of a store');
}
