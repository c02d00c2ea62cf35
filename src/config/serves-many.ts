import { policiesWithin } from './checks/policies-of.ts';
import { Part } from './part.ts';
import type { GatewayConfig } from './schema/index.ts';

/** These let in nobody but consumers of the config. */
export const OF_CONFIG: ReadonlySet<string> = new Set(['auth-api-key', 'auth-basic', 'auth-mtls']);

/**
 * Whether the AI routes may serve several consumers: the config has them, or whoever identifies them (a token, a policy
 * of one's own) may name more.
 * @param slotOf where a policy stands; undefined: it is not known
 */
export function servesMany(
  { consumers, ai }: Pick<GatewayConfig, 'consumers' | 'ai'>,
  slotOf: (policy: string) => string | undefined,
): boolean {
  const names = policiesWithin(new Part(ai)).map(([name]) => name);
  return consumers.length > 1 || names.some((name) => slotOf(name) === 'identify' && !OF_CONFIG.has(name));
}
