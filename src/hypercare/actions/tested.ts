import { applyPatch, type Operation, Pointer } from 'rfc6902';
import type { PatchOperation } from '../../config/json-patch.ts';
import { isHidden } from '../../config/mask.ts';
import { at, pointer } from './proposal.ts';

/** What tells members of the config's lists apart: routes and consumers, keys, targets, parts of a split, models. */
const NAMING = ['name', 'id', 'url', 'upstream', 'provider', 'model', 'version'] as const;

/**
 * Operations with the tests that say what they are made for, each before its operation: whose members of lists it goes
 * through, for their places move, and what it changes or takes away. That a key is not there can't be tested (RFC 6902).
 *
 * @param madeFor the config as it is written, as plain values
 * @param own the same without what merge keys bring in: what a member is called by those is not tested, as no patch reaches it
 */
export function tested(
  madeFor: unknown,
  operations: readonly PatchOperation[],
  own: unknown = madeFor,
): PatchOperation[] {
  const [now, ownNow] = [structuredClone(madeFor), structuredClone(own)];
  return operations.flatMap((operation) => {
    const tests = testsOf(operation, now, ownNow);
    for (const each of [now, ownNow]) applyPatch(each, [structuredClone(operation) as Operation]);
    return [...tests, operation];
  });
}

function testsOf(operation: PatchOperation, now: unknown, own: unknown): PatchOperation[] {
  const ways = 'from' in operation ? [operation.path, operation.from] : [operation.path];
  const changed = operation.op === 'add' ? [] : ways.slice(-1);
  return [
    ...ways.flatMap((path) => membersOn(path, own)),
    ...changed.map((path) => ({ op: 'test' as const, path, value: at(now, ...stepsOf(path)) })),
  ];
}

/** Tests of what the members of lists on the way are called. A name that holds a secret is not for showing. */
function membersOn(path: string, own: unknown): PatchOperation[] {
  return stepsOf(path).flatMap((_, last, steps) => {
    if (!Array.isArray(at(own, ...steps.slice(0, last)))) return [];
    return NAMING.flatMap((key) => {
      const way = [...steps.slice(0, last + 1), key];
      const value = at(own, ...way);
      return typeof value !== 'string' || isHidden(value, way)
        ? []
        : [{ op: 'test' as const, path: pointer(...way), value }];
    });
  });
}

/** A JSON pointer (RFC 6901) → the keys on the way. */
const stepsOf = (path: string): string[] => Pointer.fromJSON(path).tokens.slice(1);
