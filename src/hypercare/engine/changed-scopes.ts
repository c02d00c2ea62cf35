import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Scope } from '../../contracts/signal.ts';

/** Changes beyond which a revision touches everything. */
const MOST = 50;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Names whose values differ. */
function changed(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !same(before[name], after[name]));
}

const byName = <T extends { name: string }>(all: readonly T[]): Record<string, T> =>
  Object.fromEntries(all.map((each) => [each.name, each]));

/**
 * What of the traffic one revision after another touches.
 * @returns nothing for a reload without a difference; one empty scope where everything may be touched
 */
export function changedScopes(before: GatewayConfig, after: GatewayConfig): Scope[] {
  const scopes: Scope[] = [
    ...changed(byName(before.routes), byName(after.routes)).map((route) => ({ route })),
    ...changed(before.upstreams, after.upstreams).map((upstream) => ({ upstream })),
    ...changed(before.ai.models, after.ai.models).map((model) => ({ model })),
    ...changed(before.ai.providers, after.ai.providers).map((provider) => ({ provider })),
    ...changed(before.ai.prompts, after.ai.prompts).map((prompt) => ({ prompt })),
    ...changed(byName(before.consumers), byName(after.consumers)).map((consumer) => ({ consumer })),
  ];
  // What watches the traffic does not carry it.
  const rest = (config: GatewayConfig): unknown => ({
    ...config,
    routes: 0,
    upstreams: 0,
    consumers: 0,
    hypercare: 0,
    ai: { ...config.ai, models: 0, providers: 0, prompts: 0 },
  });
  return !same(rest(before), rest(after)) || scopes.length > MOST ? [{}] : scopes;
}
