import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Scope } from '../../contracts/signal.ts';
import type { Steps } from '../../lib/slices.ts';

/** Changes beyond which a revision touches everything. */
const MOST = 50;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Names whose values differ. */
function* changed(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Steps<string[]> {
  const names: string[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!same(before[name], after[name])) names.push(name);
    yield;
  }
  return names;
}

const byName = <T extends { name: string }>(all: readonly T[]): Record<string, T> =>
  Object.fromEntries(all.map((each) => [each.name, each]));

/** Sections of the config that hold named things. */
const SECTIONS: readonly [
  of: (config: GatewayConfig) => Readonly<Record<string, unknown>>,
  scopeOf: (name: string) => Scope,
][] = [
  [({ routes }) => byName(routes), (route) => ({ route })],
  [({ upstreams }) => upstreams, (upstream) => ({ upstream })],
  [({ ai }) => ai.models, (model) => ({ model })],
  [({ ai }) => ai.providers, (provider) => ({ provider })],
  [({ ai }) => ai.prompts, (prompt) => ({ prompt })],
  [({ consumers }) => byName(consumers), (consumer) => ({ consumer })],
];

/** The other sections. What watches the traffic does not carry it. */
const rest = (config: GatewayConfig): unknown => ({
  ...config,
  routes: 0,
  upstreams: 0,
  consumers: 0,
  hypercare: 0,
  ai: { ...config.ai, models: 0, providers: 0, prompts: 0 },
});

/**
 * What of the traffic one revision after another touches, step by step: it is asked while requests are served.
 * @returns nothing for a reload without a difference; one empty scope where everything may be touched
 */
export function* changedScopes(before: GatewayConfig, after: GatewayConfig): Steps<Scope[]> {
  if (!same(rest(before), rest(after))) return [{}];
  const scopes: Scope[] = [];
  for (const [of, scopeOf] of SECTIONS) {
    for (const name of yield* changed(of(before), of(after))) scopes.push(scopeOf(name));
    if (scopes.length > MOST) return [{}];
  }
  return scopes;
}
