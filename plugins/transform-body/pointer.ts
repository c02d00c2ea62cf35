type Container = Record<string, unknown> | unknown[];

/** A JSON pointer (RFC 6901), read: `/items/0/a~1b` → `['items', '0', 'a/b']`. A step `*` is every entry. */
export const stepsOf = (pointer: string): string[] =>
  pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Never anything inherited: a client may send a key `constructor`, or leave it out. */
const has = (parent: Container, key: string): boolean => Object.hasOwn(parent, key);

/** The values that the last step of a pointer is to be taken in; none where the way ends before. */
export function parentsOf(root: unknown, steps: readonly string[]): Container[] {
  let found = [root];
  for (const step of steps.slice(0, -1)) {
    found = found
      .filter(isContainer)
      .flatMap((parent) => keysOf(parent, step).map((key) => valueAt(parent, key)));
  }
  return found.filter(isContainer);
}

/** The same, and what is missing on the way is made: for who sets. Nothing is made below a step `*`. */
export function parentsToSet(root: unknown, steps: readonly string[]): Container[] {
  for (const [i, step] of steps.slice(0, -1).entries()) {
    if (step === '*') break;
    for (const parent of parentsOf(root, steps.slice(0, i + 1)))
      if (!Array.isArray(parent) && !has(parent, step)) put(parent, step, {});
  }
  return parentsOf(root, steps);
}

/** The entries that a step means: one, every one (`*`), or none. */
export function keysOf(parent: Container, step: string): string[] {
  if (step === '*') return Object.keys(parent);
  return has(parent, step) && !(Array.isArray(parent) && step === 'length') ? [step] : [];
}

export const valueAt = (parent: Container, key: string): unknown => (parent as Record<string, unknown>)[key];

/**
 * Puts a value under a key; into a list at a place that it has, or at its end (`-`).
 * @returns whether there was such a place
 */
export function put(parent: Container, key: string, value: unknown): boolean {
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : keysOf(parent, key).length > 0 ? Number(key) : -1;
    if (index >= 0) parent[index] = value;
    return index >= 0;
  }
  // An assignment to `__proto__` would change what the object is.
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
  return true;
}

/** Undoes `take`. @param keys of the parent before it, in their order, which is the one that they have again */
export function putBack(parent: Container, key: string, value: unknown, keys: readonly string[]): void {
  if (Array.isArray(parent)) {
    parent.splice(Number(key), 0, value);
    return;
  }
  const later = keys.slice(keys.indexOf(key) + 1).map((each) => [each, valueAt(parent, each)] as const);
  put(parent, key, value);
  for (const [each, own] of later) {
    take(parent, each);
    put(parent, each, own);
  }
}

export function take(parent: Container, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}
