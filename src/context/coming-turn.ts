import type { ContextFacts } from '../contracts/exchange.ts';
import type { Ask, Opening } from './ask.ts';
import { digestOf, seedOf } from './canonical.ts';
import type { OperationLog } from './operation-log.ts';
import { ownersOf } from './owner.ts';
import type { TenantSeal } from './ports.ts';
import { messageTokens } from './prompt/tokens.ts';

/** A call that comes for its turn, and what is known of that by now. */
export interface ComingTurn {
  readonly opening: Opening;
  /** What is said in it, once read. */
  readonly asked: () => Ask;
  readonly facts: ContextFacts;
  /** When it came: milliseconds, monotonic. */
  readonly began: number;
  /** Undefined as long as it is not at hand. */
  seal: TenantSeal | undefined;
  /** Digest of its idempotency key; ''. */
  key: string;
  isExclusive: boolean;
}

/**
 * Tells of a call of which no turn came, behind its answer. `locked`: the conversation is at its base, and others have it in hand.
 * `store_down`: nobody knows how it is with the conversation.
 */
export function tellRefused(
  operations: OperationLog,
  { opening, asked, facts, began, seal }: ComingTurn,
  outcome: 'locked' | 'store_down',
): void {
  const { tenant, session } = opening.ref;
  const { model, messages } = asked();
  const duration_ms = operations.since(began);
  setImmediate(() => {
    const user = seal && ownersOf(seal, tenant, opening.user)[0];
    const about = { tenant, user, session, model, duration_ms, outcome };
    if (outcome === 'store_down') return operations.note({ op: 'read', ...about });
    const last = messages.at(-1);
    operations.note({
      op: 'append',
      ...about,
      version: facts.base,
      tokens: messageTokens(messages),
      digest: seal && last && digestOf(seedOf(seal, tenant), last),
    });
  });
}
