import type { HeaderBag } from '../../src/contracts/policy.ts';
import type { HeaderChanges } from './changes.ts';

/**
 * CGI and its heirs read `X_Tenant` as X-Tenant: beside a header that is set, removed or renamed, one of a client's that is
 * only spelt otherwise would undo it. What a change names itself, with its `_`, is no disguise.
 *
 * @returns takes them out; undefined if no change can be undone so
 */
export function dropDisguises({
  remove,
  rename,
  set,
  add,
}: HeaderChanges): ((headers: HeaderBag) => void) | undefined {
  const changed = [...remove, ...Object.keys(rename), ...Object.values(rename), ...Object.keys(set)];
  const named = new Set([...changed, ...Object.keys(add)].map((name) => name.toLowerCase()));
  const guarded = new Set(changed.map((name) => name.toLowerCase()).filter((name) => name.includes('-')));
  if (guarded.size === 0) return undefined;
  return (headers) => {
    for (const name in headers) {
      if (name.includes('_') && !named.has(name) && guarded.has(name.replaceAll('_', '-')))
        delete headers[name];
    }
  };
}
