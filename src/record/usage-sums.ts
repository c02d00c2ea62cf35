import { setImmediate as turn } from 'node:timers/promises';
import type { Ledger, LedgerRow } from '../contracts/ledger.ts';
import { add, nothing, type UsageFigures } from './usage-figures.ts';

/** By what calls are told apart. The day is that of the time that is added up: no time is longer, or goes over midnight. */
export type UsageOf = Pick<
  LedgerRow,
  | 'at'
  | 'consumer'
  | 'groups'
  | 'user'
  | 'model'
  | 'provider'
  | 'upstreamModel'
  | 'prompt'
  | 'tags'
  | 'outcome'
  | 'revision'
>;

/** Calls that agree in all of it, added up. */
export interface UsageSum {
  /** One of them. */
  readonly of: UsageOf;
  readonly figures: UsageFigures;
}

/** Rows, or sums, between which the event loop gets a turn: 1 to 2 ms, so that no request waits for a report. */
const ROWS_A_TURN = 500;
const HOUR_MS = 3_600_000;
/** Milliseconds: parts of an hour, where a time begins or ends within one. */
export const PART_MS = 300_000;
/** Stamps that are asked for at once. */
const STAMPS_AT_ONCE = 50;
/** Sums that are held, of all times together: some 700 bytes each. What finds no room is read again each time. */
const MOST_HELD = 20_000;

interface Span {
  readonly from: number;
  readonly to: number;
}

interface Held {
  readonly stamp: string;
  readonly sums: readonly UsageSum[];
  /** The report that asked for it last. */
  readonly report: number;
}

/**
 * The ledger as sums of hours and of parts of an hour, beside its rows: those of a time are read once, and again only when
 * its rows are others. Whose sums are in it is asked of the ledger each time, so that what other processes wrote counts.
 */
export class UsageSums {
  readonly #ledger: Ledger;
  /** The one that was asked for last stands last. */
  readonly #held = new Map<string, Held>();
  readonly #most: number;
  #size = 0;
  #reports = 0;

  /** @param most sums that are held */
  constructor(ledger: Ledger, most: number = MOST_HELD) {
    this.#ledger = ledger;
    this.#most = most;
  }

  /** Sums of the rows from `from` (inclusive) to `to`, milliseconds since the epoch. @throws StoreUnavailable */
  async *of(from: number, to: number): AsyncGenerator<readonly UsageSum[]> {
    const spans = spansOf(from, to);
    const report = ++this.#reports;
    for (let at = 0; at < spans.length; at += STAMPS_AT_ONCE) {
      const some = spans.slice(at, at + STAMPS_AT_ONCE);
      // Asked for first: rows that come while the others are read make another.
      const stamps = await Promise.all(some.map((span) => this.#ledger.stamp(span)));
      for (const [index, span] of some.entries()) {
        const stamp = stamps[index] as string;
        if (stamp === '') continue;
        const sums = await this.#sumsOf(span, stamp, report);
        for (let first = 0; first < sums.length; first += ROWS_A_TURN) {
          yield sums.slice(first, first + ROWS_A_TURN);
          if (sums.length > ROWS_A_TURN) await turn();
        }
      }
      await turn();
    }
  }

  async #sumsOf(span: Span, stamp: string, report: number): Promise<readonly UsageSum[]> {
    const key = `${span.from} ${span.to}`;
    const held = this.#held.get(key);
    const sums = held?.stamp === stamp ? held.sums : await this.#added(span);
    this.#forget(key);
    if (isWhole(span) && this.#makeRoom(sums.length, report)) {
      this.#held.set(key, { stamp, sums, report });
      this.#size += sums.length;
    }
    return sums;
  }

  /** Lets go of what was not asked for lately, but of nothing of this report: of a long one the first times are held. */
  #makeRoom(size: number, report: number): boolean {
    for (const [oldest, held] of this.#held) {
      if (this.#size + size <= this.#most || held.report >= report) break;
      this.#forget(oldest);
    }
    return this.#size + size <= this.#most;
  }

  #forget(key: string): void {
    this.#size -= this.#held.get(key)?.sums.length ?? 0;
    this.#held.delete(key);
  }

  async #added({ from, to }: Span): Promise<readonly UsageSum[]> {
    const sums = new Map<string, UsageSum>();
    for await (const rows of pagesOf(this.#ledger, from, to)) {
      for (const row of rows) {
        const key = keyOf(row);
        let sum = sums.get(key);
        if (!sum) {
          sum = { of: ofRow(row), figures: nothing() };
          sums.set(key, sum);
        }
        addRow(sum.figures, row);
      }
    }
    return [...sums.values()];
  }
}

/** The rows of a time, page by page. */
export async function* pagesOf(ledger: Ledger, from: number, to: number): AsyncGenerator<LedgerRow[]> {
  let after: LedgerRow | undefined;
  for (;;) {
    const page = await ledger.read({ from, to, after, limit: ROWS_A_TURN });
    yield page;
    if (page.length < ROWS_A_TURN) return;
    after = page.at(-1);
    await turn();
  }
}

/** Whole hours where there are some, whole parts of an hour around them, and what is left at both ends. */
function spansOf(from: number, to: number): Span[] {
  const spans: Span[] = [];
  for (let at = from; at < to; ) {
    const step = at % HOUR_MS === 0 && at + HOUR_MS <= to ? HOUR_MS : PART_MS;
    const end = Math.min(to, (Math.floor(at / step) + 1) * step);
    spans.push({ from: at, to: end });
    at = end;
  }
  return spans;
}

const isWhole = ({ from, to }: Span): boolean => from % PART_MS === 0 && to % PART_MS === 0;

const keyOf = ({ consumer, groups, user, model, provider, upstreamModel, prompt, tags, ...row }: LedgerRow) =>
  JSON.stringify([
    consumer,
    groups,
    user,
    model,
    provider,
    upstreamModel,
    prompt,
    tags,
    row.outcome,
    row.revision,
  ]);

const ofRow = ({
  id,
  requestId,
  tokens,
  usd,
  usageSource,
  isEarlier,
  savedUsd,
  stream,
  ...of
}: LedgerRow): UsageOf => of;

function addRow(figures: UsageFigures, row: LedgerRow): void {
  const { tokens, usd, usageSource, isEarlier, savedUsd = 0 } = row;
  const one = isEarlier ? 0 : 1;
  add(figures, {
    ...tokens,
    calls: usageSource === 'cached' ? 0 : one,
    fromCache: usageSource === 'cached' ? one : 0,
    estimated: usageSource === 'estimated' ? one : 0,
    unpriced: usd < 0 ? one : 0,
    usd: Math.max(0, usd),
    savedUsd,
  });
}
