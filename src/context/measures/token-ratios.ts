import { LRUCache } from 'lru-cache';
import type { PromptInput } from '../ports.ts';

/** Whose prompts they are: a session's in one of its lives, by the alias that it asks. */
export type PromptOwner = Pick<PromptInput, 'ref' | 'model'> & {
  readonly head: Pick<PromptInput['head'], 'generation'>;
};

/** How long a prompt may be, beyond what is estimated. */
export interface PromptFit {
  /** Tokens that are counted for each that is estimated: from 1 to 4. */
  readonly ratio: number;
  /** Estimated tokens of all that a call asks for, its answer included; Infinity = nothing was refused. */
  readonly most: number;
}

interface Known {
  /** Undefined: no prompt has told yet. */
  readonly ratio: number | undefined;
  /** Estimated tokens of the last call that was too long; Infinity = none was. */
  readonly refused: number;
  readonly most: number;
}

/** The longest unused go first. */
const MOST_SESSIONS = 10_000;
const MOST_MODELS = 200;
/** An estimate takes four bytes for a token, and a token has one at least. */
const MOST_RATIO = 4;
/** Of the limit: what a provider adds to every prompt makes much of a short one, and that is not too long anyway. */
const LEAST_SHARE = 1 / 8;
/** Milliseconds after which a session is told nothing of what was refused: it may have been another model's word, or a busy hour's. */
const TELLS_FOR = 3_600_000;
/** Weight of one prompt among those before it. */
const WEIGHT = 0.2;

const NOTHING: Known = { ratio: undefined, refused: Infinity, most: Infinity };

/**
 * How far estimates fall short of what providers count: hex, code and JSON have two to three bytes a token. Of each session
 * by its own prompts, since another's may be all hex; by those of its model as long as none of its own has told.
 */
export class TokenRatios {
  readonly #sessions = new LRUCache<string, Known>({ max: MOST_SESSIONS, ttl: TELLS_FOR, noUpdateTTL: true });
  readonly #models = new LRUCache<string, number>({ max: MOST_MODELS });

  /** On the request path. */
  of(owner: PromptOwner): PromptFit {
    const { ratio, most } = this.#sessions.get(keyOf(owner)) ?? NOTHING;
    return { ratio: ratio ?? this.#models.get(owner.model) ?? 1, most };
  }

  /**
   * A prompt was answered: what was refused before it is all that its session has to stay below.
   * @param counted tokens of input, as its provider reported them; -1 = it did not
   * @param estimated of the same
   * @param limit tokens that the model reads and writes in one call
   */
  answered(owner: PromptOwner, counted: number, estimated: number, limit: number): void {
    const key = keyOf(owner);
    const known = this.#sessions.get(key);
    // Prompts that a ratio has made shorter tell of it, too: else it would never fade.
    const least = (LEAST_SHARE * limit) / this.of(owner).ratio;
    const told = estimated >= least ? ratioOf(counted, estimated) : undefined;
    if (told !== undefined) this.#models.set(owner.model, blend(this.#models.get(owner.model), told));
    if (told === undefined && !known) return;
    const { ratio, refused } = known ?? NOTHING;
    // It rises at once, as the next prompt begins with this one, and fades.
    const next = told === undefined ? ratio : Math.max(told, blend(ratio, told));
    this.#sessions.set(key, { ratio: next, refused, most: refused });
  }

  /**
   * A call was refused for its length: the prompt of the next is half as long, and is halved again if that does not do.
   * @param estimated tokens of its prompt
   * @param answer tokens that it asked for: a prompt of a few words is too long with an answer of 200,000 tokens
   */
  refused(owner: PromptOwner, estimated: number, answer: number): void {
    const key = keyOf(owner);
    const { ratio } = this.#sessions.get(key) ?? NOTHING;
    this.#sessions.set(key, { ratio, refused: estimated + answer, most: estimated / 2 + answer });
  }
}

const ratioOf = (counted: number, estimated: number): number | undefined =>
  counted < 0 ? undefined : Math.min(MOST_RATIO, Math.max(1, counted / estimated));

const blend = (known: number | undefined, told: number): number =>
  known === undefined ? told : known + WEIGHT * (told - known);

const keyOf = ({ ref: { tenant, session }, head: { generation }, model }: PromptOwner): string =>
  JSON.stringify([tenant, session, generation, model]);
