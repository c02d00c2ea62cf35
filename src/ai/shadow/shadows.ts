import type { ShadowPair } from '../../contracts/shadow.ts';
import type { Documents, PutOptions, PutResult } from '../../contracts/store.ts';
import { hashText } from '../../lib/hash-text.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { Counter, type Registry } from '../../telemetry/metrics.ts';

/** What became of a call that was picked for a candidate. */
export type ShadowOutcome = 'same' | 'different' | 'failed' | 'dropped_busy';

const collectionOf = (model: string): string => `shadows ${model}`;
const PAGE = 200;
/** Places that are tried for a free one. */
const TRIED = 4;

/** Pairs of answers in the store, and how many candidates are at work. Lives as long as the process. */
export class Shadows {
  readonly #documents: Documents;
  readonly #log: Logger;
  readonly #outcomes;
  readonly #inFlight = new Map<string, number>();

  constructor(documents: Documents, registry: Registry, log: Logger) {
    this.#documents = documents;
    this.#log = log;
    this.#outcomes = new Counter({
      name: 'gateway_ai_shadow_total',
      help: 'Calls picked for a candidate model: both said the same, or not; the candidate failed; too many were under way.',
      labelNames: ['model', 'candidate', 'outcome'],
      registers: [registry],
    });
  }

  /** @returns what says that it is over; undefined if there are as many already */
  begin(model: string, most: number): (() => void) | undefined {
    const now = this.#inFlight.get(model) ?? 0;
    if (now >= most) return undefined;
    this.#inFlight.set(model, now + 1);
    return () => this.#inFlight.set(model, (this.#inFlight.get(model) ?? 1) - 1);
  }

  count(model: string, candidate: string, outcome: ShadowOutcome): void {
    this.#outcomes.inc({ model, candidate, outcome });
  }

  /**
   * A place in the store is found by hash: so many places are all there are, whoever writes. A few that follow are tried if
   * it is taken, and only then what is there makes room.
   */
  async keep(pair: ShadowPair, { keep, keepFor }: { keep: number; keepFor: number }): Promise<void> {
    const first = hashText(pair.requestId + pair.at) % keep;
    const put = (place: number, options: PutOptions): Promise<PutResult> =>
      this.#documents.put(collectionOf(pair.real.model), `${place}`, pair, { ttlMs: keepFor, ...options });
    try {
      for (let next = 0; next < Math.min(TRIED, keep); next++) {
        const { ok } = await put((first + next) % keep, { ifVersion: 0 });
        if (ok) return;
      }
      await put(first, {});
    } catch (error) {
      this.#log.warn({ err: error, request_id: pair.requestId }, 'two answers could not be kept');
    }
  }
}

/** All pairs of a model, the newest first. */
export async function shadowPairs(documents: Documents, model: string): Promise<ShadowPair[]> {
  const pairs: ShadowPair[] = [];
  for (let after: string | undefined; ; ) {
    const page = await documents.list<ShadowPair>(collectionOf(model), {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    pairs.push(...page.map(({ value }) => value));
    after = page.at(-1)?.id;
    if (page.length < PAGE) return pairs.sort((a, b) => b.at - a.at);
  }
}
