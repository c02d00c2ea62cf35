import { formatPath } from '../path.ts';
import { servesAi } from '../serves-ai.ts';
import type { Check } from './context.ts';
import { mustDiffer } from './context.ts';

/** Consumers and their keys; and whether anybody could pass where a key is asked for. */
export const checkAccess: Check = (config, context) => {
  const consumers = config.get('consumers').items;
  mustDiffer(
    consumers.map((consumer) => consumer.get('name')),
    'the consumer',
    context,
  );
  const keys = consumers.flatMap((consumer) => consumer.get('keys').items);
  for (const consumer of consumers) {
    mustDiffer(
      consumer.get('keys').items.map((key) => key.get('id')),
      'the key',
      context,
    );
  }
  const owners = new Map<string, string>();
  for (const key of keys) {
    if (Date.parse(key.get('expires').text ?? '') <= Date.parse(key.get('notBefore').text ?? ''))
      context.report(key.get('expires'), 'is not after notBefore: the key would never let anybody in');
    const hash = key.get('sha256').text;
    if (hash === undefined) continue;
    const owner = owners.get(hash);
    if (owner !== undefined)
      context.report(key.get('sha256'), `is the same key as ${owner}: whose request would it be?`);
    else owners.set(hash, formatPath(key.path));
  }
  if (keys.length > 0) return;
  const hasServers = config.get('mcp', 'servers').keys.length > 0;
  const guarded = [
    ...config.get('routes').items,
    ...(servesAi(config.get('ai').value) ? [config.get('ai')] : []),
    ...(hasServers ? [config.get('mcp')] : []),
  ];
  for (const policy of guarded.flatMap((each) => each.get('policies').items)) {
    if (policy.has('auth-api-key'))
      context.report(policy.get('auth-api-key'), 'no consumer has a key: nobody could ever pass');
  }
};
