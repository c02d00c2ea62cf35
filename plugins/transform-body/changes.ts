import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyPorts } from '../../src/contracts/policy.ts';
import { keysOf, parentsOf, parentsToSet, put, putBack, stepsOf, take, valueAt } from './pointer.ts';

/** What is done to a JSON value, by JSON pointers. */
export interface BodyChanges {
  remove: readonly string[];
  /** New names of keys, where they stand. */
  rename: Readonly<Record<string, string>>;
  /** New places of values. */
  move: Readonly<Record<string, string>>;
  /** New values; texts in them may be templates. */
  set: Readonly<Record<string, unknown>>;
}

/** Changes a value in place. */
export type ChangeBody = (value: unknown, exchange: Exchange) => void;

/**
 * All changes of one direction, with their pointers read and their templates compiled.
 * @returns undefined if nothing is changed
 */
export function compileChanges(
  changes: BodyChanges,
  template: PolicyPorts['template'],
): ChangeBody | undefined {
  const steps: ChangeBody[] = [
    ...changes.remove.map(removing),
    ...Object.entries(changes.rename).map(renaming),
    ...Object.entries(changes.move).map(moving),
    ...Object.entries(changes.set).map(([pointer, value]) => setting(pointer, filledValue(value, template))),
  ];
  if (steps.length === 0) return undefined;
  return (value, exchange) => {
    for (const step of steps) step(value, exchange);
  };
}

function removing(pointer: string): ChangeBody {
  const steps = stepsOf(pointer);
  const last = steps.at(-1) as string;
  return (root) => {
    for (const parent of parentsOf(root, steps)) {
      // From the end, so that the places in a list that are still to come stay.
      for (const key of keysOf(parent, last).reverse()) take(parent, key);
    }
  };
}

function renaming([pointer, name]: [string, string]): ChangeBody {
  const steps = stepsOf(pointer);
  const last = steps.at(-1) as string;
  return (root) => {
    for (const parent of parentsOf(root, steps)) {
      if (Array.isArray(parent) || keysOf(parent, last).length === 0) continue;
      const value = valueAt(parent, last);
      take(parent, last);
      put(parent, name, value);
    }
  };
}

function moving([from, to]: [string, string]): ChangeBody {
  const steps = stepsOf(from);
  const last = steps.at(-1) as string;
  const target = stepsOf(to);
  return (root) => {
    for (const parent of parentsOf(root, steps)) {
      if (keysOf(parent, last).length === 0) continue;
      const value = valueAt(parent, last);
      const keys = Object.keys(parent);
      // Taken first: the way to its new place may begin where it stands.
      take(parent, last);
      const places = parentsToSet(root, target);
      const isMoved = places.some((place) => put(place, target.at(-1) as string, value));
      if (!isMoved) putBack(parent, last, value, keys);
    }
  };
}

function setting(pointer: string, value: (exchange: Exchange) => unknown): ChangeBody {
  const steps = stepsOf(pointer);
  const last = steps.at(-1) as string;
  return (root, exchange) => {
    for (const parent of parentsToSet(root, steps)) {
      for (const key of last === '*' ? Object.keys(parent) : [last]) put(parent, key, value(exchange));
    }
  };
}

/** Made anew for each request: what one changes further is not another's. */
function filledValue(value: unknown, template: PolicyPorts['template']): (exchange: Exchange) => unknown {
  if (typeof value === 'string') {
    const text = template(value);
    return (exchange) => text(exchange);
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => filledValue(item, template));
    return (exchange) => items.map((item) => item(exchange));
  }
  if (typeof value !== 'object' || value === null) return () => value;
  const members = Object.entries(value).map(([key, each]) => [key, filledValue(each, template)] as const);
  return (exchange) => Object.fromEntries(members.map(([key, each]) => [key, each(exchange)]));
}
