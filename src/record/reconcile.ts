import type { Bill } from '../contracts/engine.ts';
import type { Ledger } from '../contracts/ledger.ts';
import { modelKeys } from './model-names.ts';
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
  /** Models and other things of the invoice of which the books have none, by the invoice's names. */
  readonly unmatched: readonly string[];
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
  const books = await booksOf(ledger, new Set(invoice.map(({ day }) => day)), whose);
  const ours = books.values().flatMap((ofProvider) => ofProvider.values().map(({ model }) => model));
  const keyOf = modelKeys(
    ours,
    invoice.map(({ model }) => model),
  );
  const billed = new Set(invoice.map(({ model }) => keyOf(model)));
  const meant = [...books].filter(
    ([name, ofProvider]) =>
      name === whose || ofProvider.values().some(({ model }) => billed.has(keyOf(model))),
  );
  const booked = meant.flatMap(([, ofProvider]) => [...ofProvider.values()]);
  const differences = differencesIn(sidesOf(invoice, booked, keyOf), invoice, threshold);
  const here = new Set(booked.map(({ model }) => keyOf(model)));
  const unmatched = [...new Set(invoice.map(({ model }) => model))].filter(
    (model) => !here.has(keyOf(model)),
  );
  const provider = whose ?? (meant.length === 1 ? meant[0]?.[0] : undefined);
  if (!says(invoice, 'usd') || provider === undefined) return { differences, unmatched, bill: undefined };
  const all = [...(books.get(provider)?.values() ?? [])];
  const bill = { provider, ledgerUsd: usdOf(all), providerUsd: usdOf(invoice) };
  return { differences, unmatched, bill };
}

/** What the books have of these days, by provider. */
async function booksOf(
  ledger: Ledger,
  days: ReadonlySet<string>,
  whose: string | undefined,
): Promise<Map<string, Map<string, Booked>>> {
  const books = new Map<string, Map<string, Booked>>();
  const [first, last] = [[...days].sort()[0], [...days].sort().at(-1)];
  if (first === undefined || last === undefined) return books;
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
  return books;
}

/** Both by day and model, which is named as the books do if they have it. */
function sidesOf(
  invoice: readonly InvoiceLine[],
  booked: readonly Booked[],
  keyOf: (model: string) => string,
): Iterable<Sides> {
  const sides = new Map<string, Sides>();
  const sideOf = (day: string, model: string): Sides => {
    const key = `${day}\n${keyOf(model)}`;
    const known = sides.get(key) ?? {
      day,
      model,
      ours: { tokens: 0, usd: 0 },
      theirs: { tokens: 0, usd: 0 },
    };
    sides.set(key, known);
    return known;
  };
  for (const { day, model, tokens = 0, usd = 0 } of invoice) {
    const { theirs } = sideOf(day, model);
    theirs.tokens += tokens;
    theirs.usd += usd;
  }
  for (const { day, model, tokens, usd } of booked) {
    const side = sideOf(day, model);
    side.model = model;
    side.ours.tokens += tokens;
    side.ours.usd += usd;
  }
  return sides.values();
}

function differencesIn(
  sides: Iterable<Sides>,
  invoice: readonly InvoiceLine[],
  threshold: number,
): Difference[] {
  const units = (['tokens', 'usd'] as const).filter((unit) => says(invoice, unit));
  const differences: Difference[] = [];
  for (const { day, model, ours, theirs } of sides) {
    for (const unit of units) {
      const most = Math.max(ours[unit], theirs[unit]);
      const by = theirs[unit] - ours[unit];
      if (Math.abs(by) <= threshold * most || (unit === 'usd' && Math.abs(by) < CENT)) continue;
      differences.push({ day, model, unit, ours: ours[unit], theirs: theirs[unit], ratio: by / most });
    }
  }
  return differences.sort((a, b) => Math.abs(b.theirs - b.ours) - Math.abs(a.theirs - a.ours));
}

const says = (invoice: readonly InvoiceLine[], unit: 'tokens' | 'usd'): boolean =>
  invoice.some((line) => line[unit] !== undefined);

type Sums = Record<'tokens' | 'usd', number>;
/** One model on one day. */
interface Sides {
  readonly day: string;
  model: string;
  readonly ours: Sums;
  readonly theirs: Sums;
}
/** What the books have of one provider's model on one day. */
type Booked = Sums & Pick<InvoiceLine, 'day' | 'model'>;

const usdOf = (lines: readonly { readonly usd?: number }[]): number =>
  lines.reduce((sum, { usd = 0 }) => sum + usd, 0);
