import type { Bill } from '../contracts/engine.ts';
import type { Ledger } from '../contracts/ledger.ts';
import { dayOf } from './usage-report.ts';
import { pagesOf } from './usage-sums.ts';

/** A line of a provider's invoice or usage export: what it says that one model used on one day (UTC). */
export interface InvoiceLine {
  /** `2026-11-23` */
  readonly day: string;
  /** The provider's own name of the model. */
  readonly model: string;
  /** Absent where the export doesn't say. */
  readonly tokens?: number;
  readonly usd?: number;
}

/** A day and model on which the books and the invoice differ by more than the threshold. */
export interface Difference {
  readonly day: string;
  readonly model: string;
  readonly unit: 'tokens' | 'usd';
  readonly ours: number;
  readonly theirs: number;
  /** (theirs - ours) / the larger of both: 0.99 = nearly all of it is missing in our books. */
  readonly ratio: number;
}

const A_DAY = 86_400_000;
/** US dollars that are lost to rounding on an invoice, and no reason for a finding. */
const CENT = 0.01;

/** What was found, and of a provider's invoice in US dollars what both come to. */
export interface Reconciled {
  readonly differences: readonly Difference[];
  /** Undefined: the invoice has no US dollars, or nobody knows whose it is. */
  readonly bill: Bill | undefined;
}

export interface ReconcileOptions {
  /** A share, 0.02 = 2 %. */
  readonly threshold: number;
  /** Whose invoice it is: only its rows are compared. Absent: that of those of whom the books have models in it. */
  readonly provider?: string | undefined;
}

/**
 * Compares the books with an invoice, by day and model. What only one of them has is a difference too; days that the
 * invoice does not cover are left out.
 */
export async function reconcile(
  ledger: Ledger,
  invoice: readonly InvoiceLine[],
  { threshold, provider: whose }: ReconcileOptions,
): Promise<Reconciled> {
  const days = new Set(invoice.map(({ day }) => day));
  const says = {
    tokens: invoice.some(({ tokens }) => tokens !== undefined),
    usd: invoice.some(({ usd }) => usd !== undefined),
  };
  const sums = new Map<string, { day: string; model: string; ours: Sums; theirs: Sums }>();
  const sumsOf = (day: string, model: string) => {
    const key = `${day}\n${model}`;
    const known = sums.get(key) ?? { day, model, ours: { tokens: 0, usd: 0 }, theirs: { tokens: 0, usd: 0 } };
    sums.set(key, known);
    return known;
  };
  for (const { day, model, tokens = 0, usd = 0 } of invoice) {
    const { theirs } = sumsOf(day, model);
    theirs.tokens += tokens;
    theirs.usd += usd;
  }
  const [first, last] = [[...days].sort()[0], [...days].sort().at(-1)];
  if (first === undefined || last === undefined) return { differences: [], bill: undefined };
  const books = new Map<string, Map<string, Booked>>();
  for await (const rows of pagesOf(ledger, Date.parse(first), Date.parse(last) + A_DAY)) {
    for (const { at, provider, upstreamModel, tokens, usd } of rows) {
      const day = dayOf(at);
      if (!days.has(day) || (whose !== undefined && provider !== whose)) continue;
      const ofProvider = books.get(provider) ?? new Map<string, Booked>();
      books.set(provider, ofProvider);
      const key = `${day}\n${upstreamModel}`;
      const booked = ofProvider.get(key) ?? { day, model: upstreamModel, tokens: 0, usd: 0 };
      ofProvider.set(key, booked);
      booked.tokens += tokens.input + tokens.output;
      booked.usd += Math.max(0, usd);
    }
  }
  const models = new Set(invoice.map(({ model }) => model));
  const meant = [...books].filter(
    ([name, booked]) => name === whose || booked.values().some(({ model }) => models.has(model)),
  );
  for (const { day, model, tokens, usd } of meant.flatMap(([, booked]) => [...booked.values()])) {
    const { ours } = sumsOf(day, model);
    ours.tokens += tokens;
    ours.usd += usd;
  }
  const differences: Difference[] = [];
  for (const { day, model, ours, theirs } of sums.values()) {
    for (const unit of ['tokens', 'usd'] as const) {
      const most = Math.max(ours[unit], theirs[unit]);
      const by = theirs[unit] - ours[unit];
      if (!says[unit] || Math.abs(by) <= threshold * most || (unit === 'usd' && Math.abs(by) < CENT))
        continue;
      differences.push({ day, model, unit, ours: ours[unit], theirs: theirs[unit], ratio: by / most });
    }
  }
  differences.sort((a, b) => Math.abs(b.theirs - b.ours) - Math.abs(a.theirs - a.ours));
  const provider = whose ?? (meant.length === 1 ? meant[0]?.[0] : undefined);
  if (!says.usd || provider === undefined) return { differences, bill: undefined };
  const booked = [...(books.get(provider)?.values() ?? [])];
  return { differences, bill: { provider, ledgerUsd: usdOf(booked), providerUsd: usdOf(invoice) } };
}

type Sums = Record<'tokens' | 'usd', number>;
/** What the books have of one provider's model on one day. */
type Booked = Sums & Pick<InvoiceLine, 'day' | 'model'>;

const usdOf = (lines: readonly { readonly usd?: number }[]): number =>
  lines.reduce((sum, { usd = 0 }) => sum + usd, 0);
