import type { Policy } from '../contracts/policy.ts';

/** Makes policies one after the other. @throws what one of them says; those made before it are disposed of then */
export async function allOrNone<T>(
  wanted: readonly T[],
  make: (each: T) => Policy | Promise<Policy>,
): Promise<Policy[]> {
  const made: Policy[] = [];
  try {
    for (const each of wanted) made.push(await make(each));
    return made;
  } catch (error) {
    for (const policy of made) await policy.dispose?.();
    throw error;
  }
}
