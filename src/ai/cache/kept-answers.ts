import type { Answers } from '../../stores/answers/index.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { decodeAnswer, encodeAnswer, type KeptAnswer } from './kept-answer.ts';
import { Questions } from './questions.ts';

/** The name under which the answers of models lie, beside those of routes. */
export const AI_ANSWERS = 'ai';
/** Answers of all models together that are kept in the store. */
const MOST_SHARED = 20_000;

/** Where, for how long and how large. */
export interface Keeping {
  readonly store: 'memory' | 'shared';
  readonly ttl: number;
  readonly maxEntry: number;
}

interface Options {
  answers: Pick<Answers, 'ofRoute'>;
  log: Logger;
  /** Counts that the cache could not do its work. */
  degraded(): void;
  clock: { wall(): number; monotonic(): number };
}

/**
 * The way to kept answers. A store that does not answer is a cache without answers, and never a failed call. Lives as
 * long as the process.
 */
export class KeptAnswers {
  readonly #options: Options;
  /** By model: whoever makes its vectors, and however much memory they may take. */
  readonly #questions = new Map<string, Questions>();
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @returns undefined if there is none, or none as young as `maxAgeMs` */
  async get(
    key: string,
    { store, ttl }: Keeping,
    maxAgeMs: number,
  ): Promise<{ answer: KeptAnswer; ageMs: number } | undefined> {
    const { answers, clock } = this.#options;
    try {
      const found = await answers.ofRoute(AI_ANSWERS, store, MOST_SHARED).get(key);
      const ageMs = Math.max(0, clock.wall() - (found?.receivedAt ?? 0));
      if (!found || ageMs >= ttl || ageMs > maxAgeMs) return undefined;
      return { answer: decodeAnswer(found.body), ageMs };
    } catch (error) {
      this.failed(error, 'kept answers can not be read: models are asked');
      return undefined;
    }
  }

  /** @returns whether it is kept: it may be too large, or the store away */
  async put(
    key: string,
    answer: KeptAnswer,
    { store, ttl, maxEntry }: Keeping,
    about: { url: string; tags: readonly string[]; requestedAt: number },
  ): Promise<boolean> {
    const { answers, clock } = this.#options;
    const body = encodeAnswer(answer);
    if (body.length > maxEntry) return false;
    const kept = { ...about, receivedAt: clock.wall(), status: 200, headers: {}, body, varies: [] };
    try {
      await answers.ofRoute(AI_ANSWERS, store, MOST_SHARED).put(key, kept, ttl);
      return true;
    } catch (error) {
      this.failed(error, 'an answer could not be kept');
      return false;
    }
  }

  /** @param of the model and who makes the vectors; few, as both are names of the config */
  questions(of: string, maxBytes: number): Questions {
    const known = this.#questions.get(of) ?? new Questions(maxBytes);
    this.#questions.set(of, known);
    return known;
  }

  /** Counted each time, said once a second: a store that is away must not fill the log. */
  failed(error: unknown, what: string): void {
    const { log, clock, degraded } = this.#options;
    degraded();
    const now = clock.monotonic();
    if (now - this.#saidAt < 1000) return;
    this.#saidAt = now;
    log.warn({ err: error }, what);
  }
}
