import { StoreUnavailable } from '../contracts/store.ts';
import type { Opening } from './ask.ts';
import { sessionOfKey } from './owner.ts';
import type { ContextPrivacy } from './ports.ts';
import { SealBroken } from './privacy/seal-broken.ts';

/**
 * What the gateway has named itself, by the request's idempotency key: sent again it finds its answer. Where nobody knows
 * what such names are keyed with it stays as it was, and the opening of it says so.
 */
export async function namedByKey(opening: Opening, privacy: ContextPrivacy): Promise<Opening> {
  const { ref, user, key } = opening;
  try {
    const seal = await privacy.of(ref.tenant);
    return { ...opening, ref: { ...ref, session: sessionOfKey(seal, ref.tenant, user, key) } };
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof SealBroken) return opening;
    throw error;
  }
}
