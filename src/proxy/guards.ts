import type { Slot } from '../contracts/policy.ts';
import type { Steps } from '../lib/slices.ts';
import type { Matched } from './paths.ts';

/** A route with what stands before it. */
export interface Protected extends Matched {
  name: string;
  policies: readonly Readonly<Record<string, unknown>>[];
}

/** By the name of a route, its policies that can keep somebody out, each as text. */
export type Guards = ReadonlyMap<string, ReadonlySet<string>>;

/** Policies that stand among those of admission and keep nobody out. */
const OPEN = new Set(['cors', 'lifecycle']);
const NONE: ReadonlySet<string> = new Set();

/** @param slotOf where a policy stands, by its name */
export function* guardsOf(
  routes: readonly Protected[],
  slotOf: (policy: string) => Slot | undefined,
): Steps<Guards> {
  const guards = new Map<string, ReadonlySet<string>>();
  for (const { name, policies } of routes) {
    const own = policies.filter((entry) =>
      Object.keys(entry).some((policy) => keepsOut(policy, slotOf(policy))),
    );
    guards.set(name, new Set(own.map((entry) => JSON.stringify(entry))));
    yield;
  }
  return guards;
}

const keepsOut = (policy: string, slot: Slot | undefined): boolean =>
  (slot === 'identify' || slot === 'admit') && !OPEN.has(policy);

/** Whether a route has a policy of admission that another has not. */
export const asksForMore = (guards: Guards, other: string, than: string): boolean =>
  !(guards.get(other) ?? NONE).isSubsetOf(guards.get(than) ?? NONE);
